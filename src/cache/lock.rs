//! Locks of the kernel on files, which are free again when their holder dies.

use std::fs::File;
use std::path::Path;

use super::private_file;
use crate::error::{Error, Kind, Result};
use crate::platform::{is_same_file, write_lock_holder};

/// Locks the file at `path`; `None` while somebody else holds it.
pub(super) fn try_lock(path: &Path) -> Result<Option<File>> {
    loop {
        match claim(private_file::open_or_create(path)?, path)? {
            Claim::Held(mut file) => {
                write_lock_holder(&mut file);
                return Ok(Some(file));
            }
            Claim::Taken => return Ok(None),
            Claim::Gone => {}
        }
    }
}

/// The result of locking a file that was opened a moment ago.
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

/// Locks a file that was opened at `path`, without waiting.
///
/// # Errors
/// [`Kind::Cache`] when the file system has no locks.
pub(super) fn claim(file: File, path: &Path) -> Result<Claim> {
    match file.try_lock() {
        Ok(()) if is_at(&file, path) => Ok(Claim::Held(file)),
        Ok(()) => Ok(Claim::Gone),
        Err(std::fs::TryLockError::WouldBlock) => Ok(Claim::Taken),
        Err(std::fs::TryLockError::Error(error)) => {
            Err(Error::new(Kind::Cache, format!("cannot lock {}", path.display()))
                .with_source(error)
                .with_hint("name a directory on a local file system with --cache-dir"))
        }
    }
}

fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), std::fs::symlink_metadata(path)) {
        (Ok(held), Ok(there)) => is_same_file(&held, &there),
        _ => false,
    }
}
