//! Kernel locks on files, which are released when their holder exits, however it exits.

use std::fs::File;
use std::path::Path;

use super::private_file;
use crate::error::{Error, Kind, Result};
use crate::platform::{is_same_file, write_lock_holder};

/// Returns `None` while another process holds the lock.
pub(super) fn try_lock(path: &Path) -> Result<Option<File>> {
    loop {
        match try_lock_opened(private_file::open_or_create(path)?, path)? {
            LockAttempt::Held(mut file) => {
                write_lock_holder(&mut file);
                return Ok(Some(file));
            }
            LockAttempt::Busy => return Ok(None),
            LockAttempt::Replaced => {}
        }
    }
}

#[derive(Debug)]
pub(super) enum LockAttempt {
    Held(File),
    Busy,
    /// `cache clear` has removed the file since it was opened, so that a lock on it guards
    /// nothing: open it again.
    Replaced,
}

/// Does not wait.
///
/// # Errors
/// [`Kind::Cache`] if the file system has no locks.
pub(super) fn try_lock_opened(file: File, path: &Path) -> Result<LockAttempt> {
    match file.try_lock() {
        Ok(()) if is_at(&file, path) => Ok(LockAttempt::Held(file)),
        Ok(()) => Ok(LockAttempt::Replaced),
        Err(std::fs::TryLockError::WouldBlock) => Ok(LockAttempt::Busy),
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
