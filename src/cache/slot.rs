//! The place of one entry: read it, or lock it and store.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::place::{self, Found};
use super::{Key, Seal, entry};
use crate::clock::Reading;
use crate::error::{Error, Kind, Result};
use crate::settings::Settings;
use crate::token::{AccessToken, IdleTimeout, Token};

/// The place of one entry in the cache.
#[derive(Debug)]
pub struct Slot<'a> {
    dir: PathBuf,
    key: Key,
    seal: Seal,
    settings: &'a Settings,
}

/// What a slot holds.
#[derive(Debug)]
pub enum Lookup {
    /// Nothing yet.
    Absent,
    /// Something that is no token for these settings, and why.
    Unusable(String),
    /// A token; whether it still lives is another question.
    Found(Box<Token>),
}

/// The lock on one entry: only its holder mints and stores. Freed by the
/// kernel when the holder ends, however it ends.
#[derive(Debug)]
pub struct Lock<'a> {
    slot: &'a Slot<'a>,
    _file: File,
}

/// A mint that failed, for those who waited for it.
#[derive(Serialize, Deserialize)]
struct Failure {
    error: Error,
    at: Reading,
}

impl<'a> Slot<'a> {
    /// The slot of the token that these settings ask for. Touches no file.
    pub fn new(dir: &Path, settings: &'a Settings, seal: Seal) -> Slot<'a> {
        Slot { dir: dir.to_owned(), key: Key::of(settings), seal, settings }
    }

    /// What is in it now. Needs no lock: entries are replaced whole.
    ///
    /// # Errors
    /// [`Kind::Cache`] when other users could have put it there or may read it.
    pub fn read(&self) -> Result<Lookup> {
        let bytes = match place::read(&self.path("token"))? {
            Found::Nothing => return Ok(Lookup::Absent),
            Found::Unreadable(why) => return Ok(Lookup::Unusable(why.to_string())),
            Found::Bytes(bytes) => bytes,
        };
        Ok(match entry::decode(&self.key, &bytes, &self.seal) {
            Ok(token) => Lookup::Found(token.into()),
            Err(corrupt) => Lookup::Unusable(corrupt.to_string()),
        })
    }

    /// The failure of a mint that ended after `start`, if the last one failed.
    pub fn failure_since(&self, start: &Reading) -> Option<Error> {
        let Ok(Found::Bytes(bytes)) = place::read(&self.path("failure")) else {
            return None;
        };
        let text = self.seal.open(FAILURE, &bytes).ok()?;
        let failure: Failure = serde_json::from_slice(&text).ok()?;
        let after = failure.at.boot_since(start)?;
        (!after.is_negative()).then_some(failure.error)
    }

    /// The lock, or `None` while another process holds it.
    ///
    /// # Errors
    /// [`Kind::Cache`] when the directory or the lock's file cannot be used.
    pub fn try_lock(&'a self) -> Result<Option<Lock<'a>>> {
        place::prepare(&self.dir)?;
        let file = try_lock(&self.path("lock"))?;
        Ok(file.map(|file| Lock { slot: self, _file: file }))
    }

    /// Drops the entry if it still holds this very token. Returns whether it
    /// did: another process may have put a better one there in the meantime,
    /// or be about to.
    ///
    /// # Errors
    /// [`Kind::Cache`] when the entry cannot be removed.
    pub fn evict(&self, token: &AccessToken) -> Result<bool> {
        let Some(_lock) = self.try_lock()? else {
            return Ok(false);
        };
        match self.read()? {
            Lookup::Found(found) if found.access_token == *token => {
                std::fs::remove_file(self.file()).map(|()| true).map_err(|error| {
                    let what = format!("cannot remove {}", self.file().display());
                    Error::new(Kind::Cache, what).because(error)
                })
            }
            _ => Ok(false),
        }
    }

    /// Has the entry say that its token was used at `used`, where it still holds
    /// this token and says so of a moment that is enough earlier. Whoever holds the
    /// lock replaces the entry anyway.
    ///
    /// # Errors
    /// [`Kind::Cache`] when the entry cannot be written.
    pub fn record_use(
        &self,
        token: &AccessToken,
        used: &Reading,
        timeout: IdleTimeout,
    ) -> Result<()> {
        let is_outdated = |found: &Lookup| match found {
            Lookup::Found(found) => {
                found.access_token == *token
                    && timeout.is_worth_storing(used, found.stamp.last_used())
            }
            Lookup::Absent | Lookup::Unusable(_) => false,
        };
        if !is_outdated(&self.read()?) {
            return Ok(());
        }
        let Some(lock) = self.try_lock()? else {
            return Ok(());
        };
        // It may have been replaced in the meantime.
        let found = self.read()?;
        let (true, Lookup::Found(mut found)) = (is_outdated(&found), found) else {
            return Ok(());
        };
        found.stamp.used = Some(used.clone());
        lock.store(&found).map_err(|error| {
            let what = format!("cannot write {}", self.file().display());
            Error::new(Kind::Cache, what).because(error)
        })
    }

    /// The process that holds the lock, by what it wrote into the file.
    pub fn holder(&self) -> Option<String> {
        let text = std::fs::read_to_string(self.path("lock")).ok()?;
        let pid = text.trim();
        pid.parse::<u32>().ok().map(|pid| pid.to_string())
    }

    /// The entry's file, for messages.
    pub fn file(&self) -> PathBuf {
        self.path("token")
    }

    fn path(&self, extension: &str) -> PathBuf {
        self.dir.join(format!("{}.{extension}", self.key))
    }
}

/// What a failure's seal is bound to.
const FAILURE: &[u8] = b"failure";

impl Lock<'_> {
    /// The entry's file, for messages.
    pub fn file(&self) -> PathBuf {
        self.slot.file()
    }

    /// Keeps `token`, in place of whatever was there.
    pub fn store(&self, token: &Token) -> io::Result<()> {
        let slot = self.slot;
        let bytes = entry::encode(&slot.key, slot.settings, token, &slot.seal);
        place::replace(&slot.path("token"), &slot.path("new"), &bytes)?;
        match std::fs::remove_file(slot.path("failure")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Leaves word for those who wait that the mint failed at `at`. Best
    /// effort: without it, each of them finds out by itself.
    pub fn record_failure(&self, error: &Error, at: Reading) {
        let failure = Failure { error: error.clone(), at };
        let text = serde_json::to_vec(&failure).expect("plain data");
        let bytes = self.slot.seal.close(FAILURE, &text);
        let _ = place::replace(&self.slot.path("failure"), &self.slot.path("new"), &bytes);
    }
}

/// Locks the file at `path`; `None` while somebody else holds it.
pub(super) fn try_lock(path: &Path) -> Result<Option<File>> {
    loop {
        match claim(place::open_or_create(path)?, path)? {
            Claim::Held(mut file) => {
                let _ = file.set_len(0).and_then(|()| file.rewind());
                let _ = write!(file, "{}", std::process::id());
                return Ok(Some(file));
            }
            Claim::Taken => return Ok(None),
            Claim::Gone => {}
        }
    }
}

/// What came of locking a file that was opened a moment ago.
#[derive(Debug)]
pub(super) enum Claim {
    /// The lock is held, for as long as the file is.
    Held(File),
    /// Somebody else holds it.
    Taken,
    /// `cache clear` has removed the file: a lock on it guards nothing, so take
    /// the one that stands there now.
    Gone,
}

pub(super) fn claim(file: File, path: &Path) -> Result<Claim> {
    match file.try_lock() {
        Ok(()) if is_at(&file, path) => Ok(Claim::Held(file)),
        Ok(()) => Ok(Claim::Gone),
        Err(std::fs::TryLockError::WouldBlock) => Ok(Claim::Taken),
        Err(std::fs::TryLockError::Error(error)) => {
            Err(Error::new(Kind::Cache, format!("cannot lock {}", path.display()))
                .because(error)
                .hint("name a directory on a local file system with --cache-dir"))
        }
    }
}

/// Uses `dir` as a mint would, with a file of its own that is gone afterwards:
/// makes the directory, writes, locks, and sees whether the lock holds.
///
/// # Errors
/// [`Kind::Cache`] when one of that fails.
pub fn try_out(dir: &Path) -> Result<()> {
    place::prepare(dir)?;
    let path = dir.join(format!("doctor-{}.lock", std::process::id()));
    let holds = (|| {
        let held = try_lock(&path)?;
        Ok(held.is_some() && try_lock(&path)?.is_none())
    })();
    let _ = std::fs::remove_file(&path);
    match holds {
        Ok(true) => Ok(()),
        Ok(false) => {
            let what = format!("locks in {} do not hold", dir.display());
            Err(Error::new(Kind::Cache, what)
                .why("a second lock on a locked file was granted")
                .hint("name a directory on a local file system with --cache-dir"))
        }
        Err(error) => Err(error),
    }
}

fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), std::fs::symlink_metadata(path)) {
        (Ok(held), Ok(there)) => (held.dev(), held.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}
