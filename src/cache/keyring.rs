//! The secret with which a cache is encrypted.

use std::io::{self, Write};
use std::path::Path;

use ring::rand::{SecureRandom, SystemRandom};
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use super::Seal;
use super::private_file::{self, FileContent};
use crate::config::Settings;
use crate::context::NO_HOME;
use crate::error::{Error, Kind, Result};
use crate::platform::restore_owner_access;

const KEY_LEN: usize = 32;

/// Uses the client secret if it is known. If it comes from a command, uses a random key that
/// is stored apart from the cache, so that the command runs only for a mint.
///
/// # Errors
/// [`Kind::Cache`] if that key can be neither read nor created.
pub(super) fn seal_for(settings: &Settings) -> Result<Seal> {
    match settings.client.secret.known() {
        Some(secret) => Ok(Seal::from_secret(secret.expose_secret().as_bytes())),
        None => {
            let dir = settings.cache.state_dir.as_deref().ok_or_else(no_state_dir)?;
            Ok(Seal::from_secret(&random_key(dir)?))
        }
    }
}

fn random_key(dir: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let path = dir.join("seal.key");
    private_file::check_links(dir).map_err(with_state_dir_hint)?;
    if let Some(key) = read(&path)? {
        return Ok(key);
    }
    private_file::prepare_dir(dir, false).map_err(with_state_dir_hint)?;
    match create(&path) {
        // Another process was faster: its key counts.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(unusable(&path).with_source(error).with_hint(STATE_DIR_HINT)),
        Ok(()) => {}
    }
    read(&path)?
        .ok_or_else(|| unusable(&path).with_cause("it was removed as soon as it was created"))
}

const STATE_DIR_HINT: &str =
    "set XDG_STATE_HOME to a directory of your own, or go without a cache: --no-cache";

fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>> {
    match private_file::read(path).map_err(with_state_dir_hint)? {
        FileContent::Missing => Ok(None),
        FileContent::Unreadable(error) => {
            Err(unusable(path).with_source(error).with_hint(STATE_DIR_HINT))
        }
        FileContent::Bytes(bytes) if bytes.len() == KEY_LEN => Ok(Some(Zeroizing::new(bytes))),
        FileContent::Bytes(bytes) => {
            Err(unusable(path).with_cause(format!("it has {} bytes, not {KEY_LEN}", bytes.len())))
        }
    }
}

/// Moves the complete key into place, and fails if another process was faster.
fn create(path: &Path) -> io::Result<()> {
    let mut key = Zeroizing::new([0; KEY_LEN]);
    SystemRandom::new()
        .fill(key.as_mut())
        .map_err(|_| io::Error::other("the system has no random numbers"))?;
    let dir = path.parent().unwrap_or(Path::new("."));
    // The random name keeps files of killed processes out of the way.
    let mut file = tempfile::Builder::new().prefix("seal.").tempfile_in(dir)?;
    restore_owner_access(file.as_file())?;
    file.write_all(key.as_ref())?;
    file.persist_noclobber(path)?;
    Ok(())
}

fn with_state_dir_hint(error: Error) -> Error {
    error.with_hint(STATE_DIR_HINT)
}

fn unusable(path: &Path) -> Error {
    Error::new(Kind::Cache, format!("cannot use the key {}", path.display()))
        .with_hint("remove it; a new one will be created")
}

fn no_state_dir() -> Error {
    Error::new(Kind::Cache, "no directory for the key that encrypts the cache")
        .with_cause(format!("{NO_HOME}, and the client secret comes from a command"))
        .with_hint("set HOME or XDG_STATE_HOME, or go without a cache: --no-cache")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_random_key_is_created_once_and_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        let first = random_key(&state).unwrap();
        assert_eq!(random_key(&state).unwrap(), first);
        let mode = std::fs::metadata(state.join("seal.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(&state).unwrap().count(), 1);
    }

    #[test]
    fn concurrent_first_uses_get_the_same_key() {
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
