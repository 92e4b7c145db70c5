//! The place of one entry: read it, or lock it and store.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::lock::try_lock;
use super::private_file::{self, Found};
use super::self_test::ANOTHER;
use super::{Key, Seal, codec, keyring};
use crate::clock::Reading;
use crate::config::Settings;
use crate::error::{Error, Kind, Result};
use crate::token::{AccessToken, IdleTimeout, Token};

/// The place of one entry in the cache.
///
/// A directory that nobody named and that cannot be used is no error: the slot is empty
/// then, keeps nothing, and [`Entry::disabled_by`] tells why.
#[derive(Debug)]
pub struct Entry<'a> {
    dir: PathBuf,
    key: Key,
    /// `None` where the key of a secret command cannot be kept.
    seal: Option<Seal>,
    settings: &'a Settings,
    trouble: OnceLock<Error>,
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
    entry: &'a Entry<'a>,
    /// `None` where nothing can be kept.
    file: Option<File>,
}

/// A mint that failed, for those who waited for it.
#[derive(Serialize, Deserialize)]
struct Failure {
    error: Error,
    at: Reading,
}

impl<'a> Entry<'a> {
    /// The slot of the token that these settings ask for; `None` where they ask for
    /// no cache, or there is no place for one.
    pub fn of(settings: &'a Settings) -> Option<Entry<'a>> {
        let dir = settings.cache.dir.clone()?;
        let (seal, trouble) = match keyring::seal_of(settings) {
            Ok(seal) => (Some(seal), OnceLock::new()),
            // Nobody named the key's directory.
            Err(error) => (None, OnceLock::from(error)),
        };
        Some(Entry { dir, key: Key::of(settings), seal, settings, trouble })
    }

    /// Why nothing can be kept, as far as that has shown; only where nobody named the
    /// directory.
    pub fn disabled_by(&self) -> Option<&Error> {
        self.trouble.get()
    }

    /// What is in it now. Needs no lock: entries are replaced whole.
    ///
    /// # Errors
    /// [`Kind::Cache`] when other users could have put it there or may read it.
    pub fn read(&self) -> Result<Lookup> {
        self.or_without(self.look_up(), || Lookup::Absent)
    }

    fn look_up(&self) -> Result<Lookup> {
        let Some(seal) = &self.seal else {
            return Ok(Lookup::Absent);
        };
        private_file::check_links(&self.dir)?;
        // Where the directory tells why a file cannot be used, nothing can be kept there.
        let check_directory = || private_file::check(&self.dir, self.settings.cache.was_named);
        let found = private_file::read(&self.path("token"));
        let found = found.or_else(|error| check_directory().and(Err(error)))?;
        let bytes = match found {
            Found::Nothing => return Ok(Lookup::Absent),
            Found::Unreadable(why) => {
                check_directory()?;
                return Ok(Lookup::Unusable(why.to_string()));
            }
            Found::Bytes(bytes) => bytes,
        };
        Ok(match codec::decode(&self.key, &bytes, seal) {
            Ok(token) => Lookup::Found(token.into()),
            Err(corrupt) => Lookup::Unusable(corrupt.to_string()),
        })
    }

    /// The failure of a mint that ended after `start`, if the last one failed.
    pub fn failure_since(&self, start: &Reading) -> Option<Error> {
        let Ok(Found::Bytes(bytes)) = private_file::read(&self.path("failure")) else {
            return None;
        };
        let text = self.seal.as_ref()?.open(&self.of_failure(), &bytes).ok()?;
        let failure: Failure = serde_json::from_slice(&text).ok()?;
        let after = failure.at.boot_since(start)?;
        (!after.is_negative()).then_some(failure.error)
    }

    /// The lock, or `None` while another process holds it.
    ///
    /// # Errors
    /// [`Kind::Cache`] when the directory or the lock's file cannot be used.
    pub fn try_lock(&'a self) -> Result<Option<Lock<'a>>> {
        if self.seal.is_none() {
            return Ok(Some(Lock { entry: self, file: None }));
        }
        let file = private_file::prepare(&self.dir, self.settings.cache.was_named)
            .and_then(|()| try_lock(&self.path("lock")));
        let file = file.map(|file| file.map(Some));
        let file = self.or_without(file, || Some(None))?;
        Ok(file.map(|file| Lock { entry: self, file }))
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
                let removed = std::fs::remove_file(self.file()).map(|()| true).map_err(|error| {
                    let what = format!("cannot remove {}", self.file().display());
                    Error::new(Kind::Cache, what).with_source(error)
                });
                self.or_without(removed, || false)
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
        // It may have been replaced in the meantime.
        let found = self.read()?;
        let (true, Lookup::Found(mut found)) = (is_outdated(&found), found) else {
            return Ok(());
        };
        found.validity.last_use = Some(used.clone());
        lock.store(&found).map_err(|error| {
            let what = format!("cannot write {}", self.file().display());
            Error::new(Kind::Cache, what).with_source(error)
        })
    }

    /// The result, or what there is without a cache where that failed and nobody
    /// named the directory.
    fn or_without<T>(&self, result: Result<T>, without: impl FnOnce() -> T) -> Result<T> {
        match result {
            Err(error) if !self.settings.cache.was_named => {
                self.trouble.get_or_init(|| error.with_hint(ANOTHER));
                Ok(without())
            }
            result => result,
        }
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

    /// The data that a failure's seal authenticates: its slot, and that it is no entry.
    fn of_failure(&self) -> Vec<u8> {
        format!("{}\nfailure", self.key).into_bytes()
    }
}

impl Lock<'_> {
    /// The entry's file, for messages.
    pub fn file(&self) -> PathBuf {
        self.entry.file()
    }

    /// Keeps `token`, in place of whatever was there.
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

    /// Leaves word for those who wait that the mint failed at `at`. Best
    /// effort: without it, each of them finds out by itself.
    pub fn record_failure(&self, error: &Error, at: Reading) {
        let entry = self.entry;
        let (Some(seal), Some(_)) = (&entry.seal, &self.file) else {
            return;
        };
        let failure = Failure { error: error.clone(), at };
        let text = serde_json::to_vec(&failure).expect("plain data");
        let bytes = seal.close(&entry.of_failure(), &text);
        let _ = private_file::replace(&entry.path("failure"), &entry.path("new"), &bytes);
    }
}
