//! Checks whether a directory can serve as a cache.

use std::path::Path;

use super::lock::try_lock;
use super::{maintenance, private_file};
use crate::error::{Error, Kind, Result};

/// Checks `dir` as a mint would, and makes nothing.
///
/// # Errors
/// [`Kind::Cache`] when a mint could keep nothing there.
pub fn check(dir: &Path, was_named: bool) -> Result<()> {
    let check = || {
        private_file::check(dir, was_named)?;
        private_file::check_writable(dir)?;
        maintenance::files(dir)?.iter().try_for_each(|(path, ..)| private_file::inspect(path))
    };
    check().map_err(|error| with_hint(error, was_named))
}

/// The remedy for every trouble with a cache that nobody named.
pub(super) const ANOTHER: &str =
    "set GC_TOKEN_CACHE_DIR to a directory of your own, or GC_TOKEN_NO_CACHE=true";

fn with_hint(error: Error, was_named: bool) -> Error {
    if was_named { error } else { error.with_hint(ANOTHER) }
}

/// Uses `dir` as a mint would, with a file of its own that is gone afterwards:
/// makes the directory, writes, locks, and sees whether the lock holds.
///
/// # Errors
/// [`Kind::Cache`] when one of that fails.
pub fn self_test(dir: &Path, was_named: bool) -> Result<()> {
    private_file::prepare(dir, was_named).map_err(|error| with_hint(error, was_named))?;
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
                .with_cause("a second lock on a locked file was granted")
                .with_hint("name a directory on a local file system with --cache-dir"))
        }
        Err(error) => Err(with_hint(error, was_named)),
    }
}
