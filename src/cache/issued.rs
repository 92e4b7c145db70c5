//! Remembers the tokens that gateways have handed out to clients, beyond the end of the
//! process: a client may keep its token for longer than a gateway lives.

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

/// A directory with an empty file for each token, which is named by its hash: that
/// is all there is to know, and processes need no lock to share it. The time of
/// a file's last change is when its token was last seen.
#[derive(Debug)]
pub struct IssuedTokens {
    dir: PathBuf,
}

/// No token of Genesys Cloud lives longer, and none that was not seen for so long
/// is remembered.
const LONGEST: SignedDuration = SignedDuration::from_hours(450 * 24);

/// The highest number of tokens that are remembered. A client that still uses its token
/// is seen again and again, so the oldest are not in use.
const MOST: usize = 1_024;

/// The extension of such a directory's name.
pub(super) const EXTENSION: &str = "issued";

impl IssuedTokens {
    /// Opens the directory for tokens of these settings: beside `prefix_file` where there
    /// is one, by which clients find a gateway again, or in the cache. `None` where
    /// nothing is to be kept.
    ///
    /// # Errors
    /// [`Kind::Cache`](crate::error::Kind::Cache) when the directory cannot be made,
    /// or belongs to somebody else.
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
        // A prefix may lie where nothing can be written, such as a secret's mount.
        for (dir, was_named) in [beside, cached].into_iter().flatten() {
            // Whoever can write to the directory above could replace this one.
            let above = dir.parent().unwrap_or(&dir);
            let prepared = private_file::prepare(above, was_named);
            match prepared.and_then(|()| private_file::prepare(&dir, was_named)) {
                Ok(()) => return Ok(Some(IssuedTokens { dir })),
                Err(error) => failure = Some(error),
            }
        }
        failure.map_or(Ok(None), Err)
    }

    /// Remembers a token, or that it was seen at `now`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add(&self, token: &Sha256, now: Timestamp) -> io::Result<()> {
        let path = self.dir.join(name(token));
        let mut options = private_options();
        let file = options.write(true).create(true).truncate(false).open(path)?;
        see(&file, now)?;
        self.prune(now)
    }

    /// Returns whether a token was handed out. One that was is seen at `now`.
    pub fn contains(&self, token: &Sha256, now: Timestamp) -> bool {
        let Ok(file) = File::open(self.dir.join(name(token))) else {
            return false;
        };
        let lives = seen(&file).is_some_and(|seen| !is_too_old(seen, now));
        if lives {
            let _ = see(&file, now);
        }
        lives
    }

    /// Forgets tokens that were not seen for too long, and the oldest ones where
    /// there are too many.
    fn prune(&self, now: Timestamp) -> io::Result<()> {
        let mut all = Vec::new();
        for entry in std::fs::read_dir(&self.dir)?.flatten() {
            // Another process may have removed it just now.
            if entry.file_name().to_str().is_some_and(is_name)
                && let Some(seen) = entry.metadata().ok().and_then(|about| about.modified().ok())
            {
                all.push((seen, entry.path()));
            }
        }
        all.sort();
        let too_many = all.len().saturating_sub(MOST);
        for (index, (seen, path)) in all.into_iter().enumerate() {
            let old = Timestamp::try_from(seen).is_ok_and(|seen| is_too_old(seen, now));
            if index < too_many || old {
                let _ = std::fs::remove_file(path);
            }
        }
        Ok(())
    }
}

/// Forgets the tokens in the directory `dir` that were not seen for too long, and
/// the directory when none is left.
pub(super) fn prune(dir: PathBuf, now: Timestamp) {
    let issued = IssuedTokens { dir };
    let _ = issued.prune(now);
    // Fails while there is something in it.
    let _ = std::fs::remove_dir(&issued.dir);
}

fn name(token: &Sha256) -> String {
    token.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn is_name(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn see(file: &File, now: Timestamp) -> io::Result<()> {
    file.set_modified(SystemTime::try_from(now).map_err(io::Error::other)?)
}

fn seen(file: &File) -> Option<Timestamp> {
    file.metadata().ok()?.modified().ok()?.try_into().ok()
}

fn is_too_old(seen: Timestamp, now: Timestamp) -> bool {
    now.duration_since(seen) > LONGEST
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
        prune(dir.path().to_owned(), at(1_300));
        assert_eq!(count(&issued), 1);
        prune(dir.path().to_owned(), at(2_000));
        assert!(!dir.path().exists());
    }

    #[test]
    fn the_last_ones_are_remembered_and_nothing_else_is_touched() {
        let (dir, issued) = issued();
        std::fs::write(dir.path().join("stranger"), "").unwrap();
        let tokens: Vec<_> =
            (0..=MOST).map(|number| sha256(number.to_string().as_bytes())).collect();
        for (number, token) in tokens.iter().enumerate() {
            // The first one is in use.
            let now = shifted(number);
            issued.add(token, now).unwrap();
            assert!(issued.contains(&tokens[0], now));
        }
        assert_eq!(count(&issued), MOST + 1);
        assert!(issued.contains(&tokens[0], at(1)) && issued.contains(&tokens[MOST], at(1)));
        assert!(!issued.contains(&tokens[1], at(1)));
    }

    fn shifted(seconds: usize) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds as i64).unwrap()
    }
}
