//! One entry of the cache: read it without a lock, or lock and replace it.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::lock::try_lock;
use super::private_file::{self, FileContent};
use super::self_test::DEFAULT_DIR_HINT;
use super::{Key, Seal, codec, keyring};
use crate::clock::Reading;
use crate::config::Settings;
use crate::error::{Error, Kind, Result};
use crate::token::{AccessToken, IdleTimeout, Token};

/// If the default directory cannot be used, that is no error: the entry reads as absent and
/// stores nothing, and [`Entry::disabled_by`] returns the reason.
#[derive(Debug)]
pub struct Entry<'a> {
    dir: PathBuf,
    key: Key,
    /// `None` if the key for a secret command cannot be stored.
    seal: Option<Seal>,
    settings: &'a Settings,
    disabled_by: OnceLock<Error>,
}

#[derive(Debug)]
pub enum Lookup {
    Absent,
    Unusable(String),
    /// Perhaps expired.
    Found(Box<Token>),
}

/// Only the holder of the lock mints and stores.
#[derive(Debug)]
pub struct Lock<'a> {
    entry: &'a Entry<'a>,
    file: Option<File>,
}

/// Shared with the processes that waited for the mint.
#[derive(Serialize, Deserialize)]
struct MintFailure {
    error: Error,
    at: Reading,
}

impl<'a> Entry<'a> {
    /// Returns `None` if the settings have no cache directory.
    pub fn of(settings: &'a Settings) -> Option<Entry<'a>> {
        let dir = settings.cache.dir.clone()?;
        let (seal, disabled_by) = match keyring::seal_for(settings) {
            Ok(seal) => (Some(seal), OnceLock::new()),
            // The directory of the key is always a default.
            Err(error) => (None, OnceLock::from(error)),
        };
        Some(Entry { dir, key: Key::of(settings), seal, settings, disabled_by })
    }

    /// The error that disabled the default cache, if one has occurred so far.
    pub fn disabled_by(&self) -> Option<&Error> {
        self.disabled_by.get()
    }

    /// Needs no lock, because entries are replaced atomically.
    ///
    /// # Errors
    /// [`Kind::Cache`] if other users may have written the entry, or may read it.
    pub fn read(&self) -> Result<Lookup> {
        self.or_disable(self.read_file(), || Lookup::Absent)
    }

    fn read_file(&self) -> Result<Lookup> {
        let Some(seal) = &self.seal else {
            return Ok(Lookup::Absent);
        };
        private_file::check_links(&self.dir)?;
        // A fault of the directory is reported in preference to one of the file.
        let check_directory = || private_file::check_dir(&self.dir, self.settings.cache.was_named);
        let content = private_file::read(&self.path("token"))
            .or_else(|error| check_directory().and(Err(error)))?;
        let bytes = match content {
            FileContent::Missing => return Ok(Lookup::Absent),
            FileContent::Unreadable(error) => {
                check_directory()?;
                return Ok(Lookup::Unusable(error.to_string()));
            }
            FileContent::Bytes(bytes) => bytes,
        };
        Ok(match codec::decode(&self.key, &bytes, seal) {
            Ok(token) => Lookup::Found(token.into()),
            Err(corrupt) => Lookup::Unusable(corrupt.to_string()),
        })
    }

    /// Returns the failure of the last mint if it occurred after `start`.
    pub fn failure_since(&self, start: &Reading) -> Option<Error> {
        let Ok(FileContent::Bytes(bytes)) = private_file::read(&self.path("failure")) else {
            return None;
        };
        let text = self.seal.as_ref()?.decrypt(&self.failure_associated_data(), &bytes).ok()?;
        let failure: MintFailure = serde_json::from_slice(&text).ok()?;
        let after = failure.at.boot_since(start)?;
        (!after.is_negative()).then_some(failure.error)
    }

    /// Returns `None` while another process holds the lock.
    ///
    /// # Errors
    /// [`Kind::Cache`] if the directory or the lock's file cannot be used.
    pub fn try_lock(&'a self) -> Result<Option<Lock<'a>>> {
        if self.seal.is_none() {
            return Ok(Some(Lock { entry: self, file: None }));
        }
        let attempt = private_file::prepare_dir(&self.dir, self.settings.cache.was_named)
            .and_then(|()| try_lock(&self.path("lock")));
        let locked = attempt.map(|file| file.map(|file| Lock { entry: self, file: Some(file) }));
        self.or_disable(locked, || Some(Lock { entry: self, file: None }))
    }

    /// Removes the entry if it still contains this token, and returns whether it did. Another
    /// process may have replaced the token, or be about to.
    ///
    /// # Errors
    /// [`Kind::Cache`] if the entry cannot be removed.
    pub fn evict(&self, token: &AccessToken) -> Result<bool> {
        let Some(_lock) = self.try_lock()? else {
            return Ok(false);
        };
        match self.read()? {
            Lookup::Found(found) if found.access_token == *token => {
                let removed = std::fs::remove_file(self.file()).map(|()| true).map_err(|error| {
                    let message = format!("cannot remove {}", self.file().display());
                    Error::new(Kind::Cache, message).with_source(error)
                });
                self.or_disable(removed, || false)
            }
            _ => Ok(false),
        }
    }

    /// Records that the token was used at `used`, if the entry still contains this token and a
    /// much earlier use. Does nothing while the lock is held, because its holder is about to
    /// replace the entry.
    ///
    /// # Errors
    /// [`Kind::Cache`] if the entry cannot be written.
    pub fn record_use(
        &self,
        token: &AccessToken,
        used: &Reading,
        timeout: IdleTimeout,
    ) -> Result<()> {
        let is_outdated = |found: &Lookup| match found {
            Lookup::Found(found) => {
                found.access_token == *token
                    && timeout.should_record(used, found.validity.last_used())
            }
            Lookup::Absent | Lookup::Unusable(_) => false,
        };
        if !is_outdated(&self.read()?) {
            return Ok(());
        }
        let Some(lock) = self.try_lock()? else {
            return Ok(());
        };
        // The entry may have been replaced meanwhile.
        let found = self.read()?;
        let (true, Lookup::Found(mut found)) = (is_outdated(&found), found) else {
            return Ok(());
        };
        found.validity.last_use = Some(used.clone());
        lock.store(&found).map_err(|error| {
            let message = format!("cannot write {}", self.file().display());
            Error::new(Kind::Cache, message).with_source(error)
        })
    }

    /// Replaces an error of the default cache by the result without a cache.
    fn or_disable<T>(&self, result: Result<T>, disabled: impl FnOnce() -> T) -> Result<T> {
        match result {
            Err(error) if !self.settings.cache.was_named => {
                self.disabled_by.get_or_init(|| error.with_hint(DEFAULT_DIR_HINT));
                Ok(disabled())
            }
            result => result,
        }
    }

    /// The process id in the lock file.
    pub fn holder(&self) -> Option<String> {
        let text = std::fs::read_to_string(self.path("lock")).ok()?;
        let pid = text.trim();
        pid.parse::<u32>().ok().map(|pid| pid.to_string())
    }

    pub fn file(&self) -> PathBuf {
        self.path("token")
    }

    fn path(&self, extension: &str) -> PathBuf {
        self.dir.join(format!("{}.{extension}", self.key))
    }

    fn failure_associated_data(&self) -> Vec<u8> {
        format!("{}\nfailure", self.key).into_bytes()
    }
}

impl Lock<'_> {
    pub fn file(&self) -> PathBuf {
        self.entry.file()
    }

    pub fn store(&self, token: &Token) -> io::Result<()> {
        let entry = self.entry;
        let (Some(seal), Some(_)) = (&entry.seal, &self.file) else {
            return Ok(());
        };
        let bytes = codec::encode(&entry.key, entry.settings, token, seal);
        private_file::replace(&entry.path("token"), &entry.path("new"), &bytes)?;
        match std::fs::remove_file(entry.path("failure")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Tells waiting processes that the mint failed at `at`. Best effort: without it, each of
    /// them tries to mint by itself.
    pub fn record_failure(&self, error: &Error, at: Reading) {
        let entry = self.entry;
        let (Some(seal), Some(_)) = (&entry.seal, &self.file) else {
            return;
        };
        let failure = MintFailure { error: error.clone(), at };
        let text = serde_json::to_vec(&failure).expect("plain data");
        let bytes = seal.encrypt(&entry.failure_associated_data(), &text);
        let _ = private_file::replace(&entry.path("failure"), &entry.path("new"), &bytes);
    }
}
