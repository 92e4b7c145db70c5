//! Remembers the tokens that gateways have issued to clients across restarts: a client may
//! keep its token for longer than a gateway runs.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};

use super::{Key, private_file};
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::platform::private_options;
use crate::random::Sha256;

/// A directory with an empty file per token, named by the token's hash, which processes can
/// share without a lock. The modification time says when the token was last seen.
#[derive(Debug)]
pub struct IssuedTokens {
    dir: PathBuf,
}

/// The longest lifetime at Genesys Cloud.
const MAX_AGE: SignedDuration = SignedDuration::from_hours(450 * 24);

/// The oldest beyond this are forgotten: a token in use is seen again and again.
const MAX_TOKENS: usize = 1_024;

pub(super) const EXTENSION: &str = "issued";

impl IssuedTokens {
    /// Opens the directory beside `prefix_file`, by which clients find a gateway again, else
    /// in the cache. `None` if there is neither.
    ///
    /// # Errors
    /// [`Kind::Cache`](crate::error::Kind::Cache) if the directory cannot be created, or
    /// belongs to another user.
    pub fn open(settings: &Settings, prefix_file: Option<&Path>) -> Result<Option<IssuedTokens>> {
        let key = Key::of(settings);
        let beside = prefix_file.map(|file| {
            let mut name = OsString::from(file);
            name.push(format!(".{EXTENSION}"));
            PathBuf::from(name).join(key.to_string())
        });
        let beside = beside.map(|dir| (dir, true));
        let cached = settings.cache.dir.as_ref().map(|dir| dir.join(format!("{key}.{EXTENSION}")));
        let cached = cached.map(|dir| (dir, settings.cache.was_named));
        let mut failure: Option<Error> = None;
        // The prefix file may be on a read-only mount.
        for (dir, was_named) in [beside, cached].into_iter().flatten() {
            // A user who can write to the parent could replace the directory.
            let parent = dir.parent().unwrap_or(&dir);
            let prepared = private_file::prepare_dir(parent, was_named);
            match prepared.and_then(|()| private_file::prepare_dir(&dir, was_named)) {
                Ok(()) => return Ok(Some(IssuedTokens { dir })),
                Err(error) => failure = Some(error),
            }
        }
        failure.map_or(Ok(None), Err)
    }

    pub fn add(&self, token: &Sha256, now: Timestamp) -> io::Result<()> {
        let path = self.dir.join(name(token));
        let mut options = private_options();
        let file = options.write(true).create(true).truncate(false).open(path)?;
        set_seen(&file, now)?;
        self.prune(now)
    }

    /// Returns whether a token was issued, and marks it as seen at `now`.
    pub fn contains(&self, token: &Sha256, now: Timestamp) -> bool {
        let Ok(file) = File::open(self.dir.join(name(token))) else {
            return false;
        };
        let is_known = last_seen(&file).is_some_and(|seen| !is_too_old(seen, now));
        if is_known {
            let _ = set_seen(&file, now);
        }
        is_known
    }

    fn prune(&self, now: Timestamp) -> io::Result<()> {
        let mut all = Vec::new();
        for entry in std::fs::read_dir(&self.dir)?.flatten() {
            // Another process may have removed the file.
            if entry.file_name().to_str().is_some_and(is_name)
                && let Some(seen) =
                    entry.metadata().ok().and_then(|metadata| metadata.modified().ok())
            {
                all.push((seen, entry.path()));
            }
        }
        all.sort();
        let too_many = all.len().saturating_sub(MAX_TOKENS);
        for (index, (seen, path)) in all.into_iter().enumerate() {
            let is_old = Timestamp::try_from(seen).is_ok_and(|seen| is_too_old(seen, now));
            if index < too_many || is_old {
                let _ = std::fs::remove_file(path);
            }
        }
        Ok(())
    }
}

/// Forgets old tokens, and removes the directory once it is empty.
pub(super) fn prune_directory(dir: PathBuf, now: Timestamp) {
    let issued = IssuedTokens { dir };
    let _ = issued.prune(now);
    // Fails unless it is empty.
    let _ = std::fs::remove_dir(&issued.dir);
}

fn name(token: &Sha256) -> String {
    token.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn is_name(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn set_seen(file: &File, now: Timestamp) -> io::Result<()> {
    file.set_modified(SystemTime::try_from(now).map_err(io::Error::other)?)
}

fn last_seen(file: &File) -> Option<Timestamp> {
    file.metadata().ok()?.modified().ok()?.try_into().ok()
}

fn is_too_old(seen: Timestamp, now: Timestamp) -> bool {
    now.duration_since(seen) > MAX_AGE
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::random::sha256;

    fn at(days: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + days * 86_400).unwrap()
    }

    fn issued() -> (tempfile::TempDir, IssuedTokens) {
        let dir = tempfile::tempdir().unwrap();
        let issued = IssuedTokens { dir: dir.path().to_owned() };
        (dir, issued)
    }

    fn count(issued: &IssuedTokens) -> usize {
        std::fs::read_dir(&issued.dir).unwrap().count()
    }

    #[test]
    fn a_token_is_known_by_its_hash_for_as_long_as_it_is_seen() {
        let (dir, issued) = issued();
        let [one, other] = [&b"one"[..], b"other"].map(sha256);
        issued.add(&one, at(0)).unwrap();
        assert!(issued.contains(&one, at(400)) && !issued.contains(&other, at(400)));
        assert!(issued.contains(&one, at(800)));
        assert!(!issued.contains(&one, at(1_251)));
        let file = std::fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(file.metadata().unwrap().len(), 0);
        // It goes when the next one comes, or by itself.
        issued.add(&other, at(1_251)).unwrap();
        assert_eq!(count(&issued), 1);
        prune_directory(dir.path().to_owned(), at(1_300));
        assert_eq!(count(&issued), 1);
        prune_directory(dir.path().to_owned(), at(2_000));
        assert!(!dir.path().exists());
    }

    #[test]
    fn the_last_ones_are_remembered_and_nothing_else_is_touched() {
        let (dir, issued) = issued();
        std::fs::write(dir.path().join("stranger"), "").unwrap();
        let tokens: Vec<_> =
            (0..=MAX_TOKENS).map(|number| sha256(number.to_string().as_bytes())).collect();
        for (number, token) in tokens.iter().enumerate() {
            // The first one is in use.
            let now = shifted(number);
            issued.add(token, now).unwrap();
            assert!(issued.contains(&tokens[0], now));
        }
        assert_eq!(count(&issued), MAX_TOKENS + 1);
        assert!(issued.contains(&tokens[0], at(1)) && issued.contains(&tokens[MAX_TOKENS], at(1)));
        assert!(!issued.contains(&tokens[1], at(1)));
    }

    fn shifted(seconds: usize) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds as i64).unwrap()
    }
}
