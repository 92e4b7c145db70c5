//! The secret that a cache is sealed under.

use std::io::{self, Write};
use std::path::Path;

use ring::rand::{SecureRandom, SystemRandom};
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use super::Seal;
use super::private_file::{self, Found};
use crate::config::Settings;
use crate::context::NO_HOME;
use crate::error::{Error, Kind, Result};
use crate::platform::restore_owner_access;

const KEY_LEN: usize = 32;

/// The seal for these settings: under the client secret where it is known.
/// Where a command has to be asked for it, under a random key that is kept
/// apart from the cache, so that the command is asked only to mint.
///
/// # Errors
/// [`Kind::Cache`] when that key can neither be read nor be made.
pub(super) fn seal_of(settings: &Settings) -> Result<Seal> {
    match settings.client.secret.known() {
        Some(secret) => Ok(Seal::under(secret.expose_secret().as_bytes())),
        None => {
            let dir = settings.cache.state_dir.as_deref().ok_or_else(no_state_dir)?;
            Ok(Seal::under(&random_key(dir)?))
        }
    }
}

/// The random key of this user, made at its first use.
fn random_key(dir: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let path = dir.join("seal.key");
    private_file::check_links(dir).map_err(|error| error.with_hint(ANOTHER))?;
    if let Some(key) = read(&path)? {
        return Ok(key);
    }
    private_file::prepare(dir, false).map_err(|error| error.with_hint(ANOTHER))?;
    match create(&path) {
        // Another process was faster: its key counts.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(unusable(&path).with_source(error).with_hint(ANOTHER)),
        Ok(()) => {}
    }
    read(&path)?.ok_or_else(|| unusable(&path).with_cause("it was removed at once"))
}

/// The remedy for every trouble with the key's directory.
const ANOTHER: &str =
    "set XDG_STATE_HOME to a directory of your own, or go without a cache: --no-cache";

fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>> {
    match private_file::read(path).map_err(|error| error.with_hint(ANOTHER))? {
        Found::Nothing => Ok(None),
        Found::Unreadable(error) => Err(unusable(path).with_source(error).with_hint(ANOTHER)),
        Found::Bytes(bytes) if bytes.len() == KEY_LEN => Ok(Some(Zeroizing::new(bytes))),
        Found::Bytes(bytes) => {
            Err(unusable(path).with_cause(format!("it has {} bytes, not {KEY_LEN}", bytes.len())))
        }
    }
}

/// Writes the key under a name of its own and moves it into place, which fails
/// where one stands already: nobody ever reads half a key.
fn create(path: &Path) -> io::Result<()> {
    let mut key = Zeroizing::new([0; KEY_LEN]);
    SystemRandom::new()
        .fill(key.as_mut())
        .map_err(|_| io::Error::other("the system has no random numbers"))?;
    let dir = path.parent().unwrap_or(Path::new("."));
    // Readable by its owner only, under a random name: one that a killed
    // process left behind is in nobody's way.
    let mut file = tempfile::Builder::new().prefix("seal.").tempfile_in(dir)?;
    restore_owner_access(file.as_file())?;
    file.write_all(key.as_ref())?;
    file.persist_noclobber(path)?;
    Ok(())
}

fn unusable(path: &Path) -> Error {
    Error::new(Kind::Cache, format!("cannot use the key {}", path.display()))
        .with_hint("remove it, and a new one is made")
}

fn no_state_dir() -> Error {
    Error::new(Kind::Cache, "there is no place for the key that seals the cache")
        .with_cause(format!("{NO_HOME}, and the client secret comes from a command"))
        .with_hint("set HOME or XDG_STATE_HOME, or go without a cache: --no-cache")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_random_key_is_made_once_and_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        let first = random_key(&state).unwrap();
        assert_eq!(random_key(&state).unwrap(), first);
        let mode = std::fs::metadata(state.join("seal.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(&state).unwrap().count(), 1);
    }

    #[test]
    fn all_who_come_first_get_the_same_key() {
        for _ in 0..50 {
            let dir = tempfile::tempdir().unwrap();
            let together = std::sync::Barrier::new(4);
            let get = || {
                together.wait();
                random_key(dir.path()).unwrap()
            };
            let keys: Vec<_> = std::thread::scope(|scope| {
                let all = [(); 4].map(|()| scope.spawn(get));
                all.map(|one| one.join().unwrap()).into()
            });
            assert!(keys.iter().all(|key| *key == keys[0]));
            assert_eq!(random_key(dir.path()).unwrap(), keys[0]);
            assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn a_key_of_another_length_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        random_key(dir.path()).unwrap();
        std::fs::write(dir.path().join("seal.key"), b"short").unwrap();
        let error = random_key(dir.path()).unwrap_err();
        assert_eq!(error.cause.as_deref(), Some("it has 5 bytes, not 32"));
    }
}
