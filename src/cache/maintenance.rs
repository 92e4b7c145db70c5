//! The whole cache: what is in it, and how it is emptied.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::codec::{self, Header};
use super::private_file::{self, Found};
use super::{Key, issued, lock};
use crate::clock::Reading;
use crate::context::Clock;
use crate::error::{Error, Kind, Result};

/// One entry, as it shows without its secret.
#[derive(Debug)]
pub struct EntrySummary {
    /// Its file.
    pub file: PathBuf,
    /// What it says of itself, or why it cannot be read.
    pub header: Result<Header, String>,
    key: Key,
}

/// Every entry in `dir`, in the order of their names. A directory that does
/// not exist is an empty cache.
pub fn list(dir: &Path) -> Result<Vec<EntrySummary>> {
    let mut kept = Vec::new();
    for (path, key, extension) in files(dir)? {
        if extension == "token" {
            let header = peek(&path);
            kept.push(EntrySummary { file: path, header, key });
        }
    }
    Ok(kept)
}

/// Removes every file of the cache in `dir`; returns how many tokens went.
pub fn clear(dir: &Path, patience: Duration, clock: &dyn Clock) -> Result<usize> {
    let mut keys: Vec<Key> = files(dir)?.into_iter().map(|(_, key, _)| key).collect();
    keys.dedup();
    let tokens = remove(dir, &keys, patience, clock)?;
    for issued in issued_directories(dir)? {
        std::fs::remove_dir_all(&issued).map_err(|error| cannot_remove(&issued, error))?;
    }
    Ok(tokens)
}

/// Removes the entries that can never be handed out again, and what killed
/// processes left behind; returns how many tokens went.
pub fn prune(dir: &Path, patience: Duration, clock: &dyn Clock) -> Result<usize> {
    let now = clock.read();
    let kept = list(dir)?;
    let lives =
        |kept: &EntrySummary| kept.header.as_ref().is_ok_and(|header| may_live(header, &now));
    let living: Vec<Key> = kept.into_iter().filter(lives).map(|kept| kept.key).collect();
    let mut keys: Vec<Key> = files(dir)?.into_iter().map(|(_, key, _)| key).collect();
    keys.dedup();
    keys.retain(|key| !living.contains(key));
    for issued in issued_directories(dir)? {
        issued::prune(issued, now.wall);
    }
    remove(dir, &keys, patience, clock)
}

fn may_live(header: &Header, now: &Reading) -> bool {
    let validity = &header.validity;
    match validity.remaining(now) {
        Ok(left) => left.is_positive(),
        // Of another boot: a remote clock could show that it is good. For
        // tidying up, the wall clock is good enough.
        Err(_) => validity.issuer_expiry.is_some_and(|ends| ends > now.wall),
    }
}

fn peek(path: &Path) -> Result<Header, String> {
    match private_file::read(path) {
        Ok(Found::Bytes(bytes)) => codec::peek(&bytes).map_err(|corrupt| corrupt.to_string()),
        Ok(Found::Unreadable(error)) => Err(error.to_string()),
        Ok(Found::Nothing) => Err("it was removed".into()),
        Err(error) => Err(error.message),
    }
}

/// Removes all files of these keys, each under its lock, the lock's own file
/// last. Returns how many of them were tokens.
fn remove(dir: &Path, keys: &[Key], patience: Duration, clock: &dyn Clock) -> Result<usize> {
    let mut tokens = 0;
    for key in keys {
        let path = |extension: &str| dir.join(format!("{key}.{extension}"));
        let _lock = wait_for_lock(&path("lock"), patience, clock)?;
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

fn wait_for_lock(path: &Path, patience: Duration, clock: &dyn Clock) -> Result<std::fs::File> {
    const STEP: Duration = Duration::from_millis(20);
    let mut waited = Duration::ZERO;
    loop {
        if let Some(file) = lock::try_lock(path)? {
            return Ok(file);
        }
        if waited >= patience {
            let what = format!("{} is held by a process that is minting", path.display());
            return Err(Error::new(Kind::Cache, what).with_hint("try again when it is done"));
        }
        clock.sleep(STEP);
        waited += STEP;
    }
}

/// Everything that a key can leave in the directory; the lock goes last, for
/// it guards the others.
const EXTENSIONS: &[&str] = &["token", "failure", "new", "lock"];

/// The files of this cache, ordered by name; whatever else lies in the
/// directory is none of our business.
pub(super) fn files(dir: &Path) -> Result<Vec<(PathBuf, Key, String)>> {
    let mut files = named_by_key(dir)?;
    files.retain(|(_, _, extension)| EXTENSIONS.contains(&extension.as_str()));
    Ok(files)
}

/// The directories in which clients' tokens are remembered.
fn issued_directories(dir: &Path) -> Result<Vec<PathBuf>> {
    let named = named_by_key(dir)?.into_iter();
    Ok(named.filter(|(_, _, it)| it == issued::EXTENSION).map(|(path, ..)| path).collect())
}

/// All that is named by a key and an extension, ordered by name.
fn named_by_key(dir: &Path) -> Result<Vec<(PathBuf, Key, String)>> {
    private_file::check_links(dir)?;
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            let what = format!("cannot read the directory {}", dir.display());
            return Err(Error::new(Kind::Cache, what).with_source(error));
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
