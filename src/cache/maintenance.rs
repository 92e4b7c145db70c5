//! Lists, prunes and clears the whole cache.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::codec::{self, Header};
use super::private_file::{self, FileContent};
use super::{Key, issued, lock};
use crate::clock::Reading;
use crate::config::Settings;
use crate::context::Clock;
use crate::error::{Error, Kind, Result};

#[derive(Debug)]
pub struct EntrySummary {
    pub file: PathBuf,
    /// Unauthenticated.
    pub header: Result<Header, String>,
    key: Key,
}

/// Lists the entries, those of a client together and in the order of their slots. A missing directory is an empty cache.
pub fn list(dir: &Path) -> Result<Vec<EntrySummary>> {
    let mut entries = Vec::new();
    for (path, key, extension) in cache_files(dir)? {
        if extension == "token" {
            let header = peek_file(&path);
            entries.push(EntrySummary { file: path, header, key });
        }
    }
    entries.sort_by_cached_key(|entry| {
        let header = entry.header.clone().ok();
        let client = header.map(|it| (it.token_url, it.client_id, it.scope, it.audience, it.slot));
        (client, entry.file.clone())
    });
    Ok(entries)
}

/// Returns the slots of the settings' client that have an entry, in ascending order.
pub fn occupied_slots(settings: &Settings) -> Result<Vec<u32>> {
    let Some(dir) = &settings.cache.dir else {
        return Ok(Vec::new());
    };
    let slot_of = |entry: EntrySummary| {
        // Of slot 0, even the header may be unreadable.
        let slot = entry.header.map_or(0, |header| header.slot);
        (Key::of_slot(settings, slot) == entry.key).then_some(slot)
    };
    let mut slots: Vec<u32> = list(dir)?.into_iter().filter_map(slot_of).collect();
    slots.sort_unstable();
    Ok(slots)
}

/// Returns whether other machines may use a token of this client that is cached here.
pub fn holds_shared_token(settings: &Settings) -> Result<bool> {
    let Some(dir) = &settings.cache.dir else {
        return Ok(false);
    };
    let is_shared = |entry: EntrySummary| {
        let header = entry.header.ok().filter(|header| header.is_shared);
        header.is_some_and(|header| Key::of_slot(settings, header.slot) == entry.key)
    };
    Ok(list(dir)?.into_iter().any(is_shared))
}

pub fn clear(dir: &Path, lock_timeout: Duration, clock: &dyn Clock) -> Result<usize> {
    let mut keys: Vec<Key> = cache_files(dir)?.into_iter().map(|(_, key, _)| key).collect();
    keys.dedup();
    let tokens = remove_entries(dir, &keys, lock_timeout, clock)?;
    for issued in issued_directories(dir)? {
        std::fs::remove_dir_all(&issued).map_err(|error| cannot_remove(&issued, error))?;
    }
    Ok(tokens)
}

/// Removes entries that can never be handed out again, and files of killed processes. Returns
/// the number of tokens removed.
pub fn prune(dir: &Path, lock_timeout: Duration, clock: &dyn Clock) -> Result<usize> {
    let now = clock.read();
    let is_useful =
        |entry: &EntrySummary| entry.header.as_ref().is_ok_and(|header| may_be_valid(header, &now));
    let useful: Vec<Key> =
        list(dir)?.into_iter().filter(is_useful).map(|entry| entry.key).collect();
    let mut keys: Vec<Key> = cache_files(dir)?.into_iter().map(|(_, key, _)| key).collect();
    keys.dedup();
    keys.retain(|key| !useful.contains(key));
    for issued in issued_directories(dir)? {
        issued::prune_directory(issued, now.wall);
    }
    remove_entries(dir, &keys, lock_timeout, clock)
}

fn may_be_valid(header: &Header, now: &Reading) -> bool {
    let validity = &header.validity;
    match validity.remaining(now) {
        Ok(left) => left.is_positive(),
        // On another boot, the wall clock is good enough to prune.
        Err(_) => validity.issuer_expiry.is_some_and(|expiry| expiry > now.wall),
    }
}

fn peek_file(path: &Path) -> Result<Header, String> {
    match private_file::read(path) {
        Ok(FileContent::Bytes(bytes)) => {
            codec::peek_header(&bytes).map_err(|corrupt| corrupt.to_string())
        }
        Ok(FileContent::Unreadable(error)) => Err(error.to_string()),
        Ok(FileContent::Missing) => Err("it was removed".into()),
        Err(error) => Err(error.message),
    }
}

/// Removes all files of these keys, each under its lock. Returns the number of tokens.
fn remove_entries(
    dir: &Path,
    keys: &[Key],
    lock_timeout: Duration,
    clock: &dyn Clock,
) -> Result<usize> {
    let mut tokens = 0;
    for key in keys {
        let path = |extension: &str| dir.join(format!("{key}.{extension}"));
        let _lock = wait_for_lock(&path("lock"), lock_timeout, clock)?;
        for extension in EXTENSIONS {
            match std::fs::remove_file(path(extension)) {
                Ok(()) if *extension == "token" => tokens += 1,
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(cannot_remove(&path(extension), error));
                }
                _ => {}
            }
        }
    }
    Ok(tokens)
}

fn wait_for_lock(path: &Path, lock_timeout: Duration, clock: &dyn Clock) -> Result<std::fs::File> {
    const POLL_INTERVAL: Duration = Duration::from_millis(20);
    let mut waited = Duration::ZERO;
    loop {
        if let Some(file) = lock::try_lock(path)? {
            return Ok(file);
        }
        if waited >= lock_timeout {
            let message = format!("{} is held by a process that is minting", path.display());
            return Err(Error::new(Kind::Cache, message).with_hint("try again when it is done"));
        }
        clock.sleep(POLL_INTERVAL);
        waited += POLL_INTERVAL;
    }
}

/// In the order of removal: the lock guards the others.
const EXTENSIONS: &[&str] = &["token", "failure", "new", "lock"];

pub(super) fn cache_files(dir: &Path) -> Result<Vec<(PathBuf, Key, String)>> {
    let mut files = named_by_key(dir)?;
    files.retain(|(_, _, extension)| EXTENSIONS.contains(&extension.as_str()));
    Ok(files)
}

fn issued_directories(dir: &Path) -> Result<Vec<PathBuf>> {
    let named = named_by_key(dir)?.into_iter();
    Ok(named
        .filter(|(_, _, extension)| extension == issued::EXTENSION)
        .map(|(path, ..)| path)
        .collect())
}

fn named_by_key(dir: &Path) -> Result<Vec<(PathBuf, Key, String)>> {
    private_file::check_links(dir)?;
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            let message = format!("cannot read the directory {}", dir.display());
            return Err(Error::new(Kind::Cache, message).with_source(error));
        }
    };
    let named = |path: PathBuf| {
        let key = Key::parse(path.file_stem()?.to_str()?)?;
        let extension = path.extension()?.to_str()?.to_owned();
        Some((path, key, extension))
    };
    let mut all: Vec<_> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter_map(named).collect();
    all.sort_by(|one, two| one.0.cmp(&two.0));
    Ok(all)
}

fn cannot_remove(path: &Path, error: std::io::Error) -> Error {
    Error::new(Kind::Cache, format!("cannot remove {}", path.display())).with_source(error)
}
