//! Checks whether a directory can hold a cache.

use std::path::Path;

use super::lock::try_lock;
use super::{maintenance, private_file};
use crate::error::{Error, Kind, Result};

/// Checks `dir` without changing anything.
///
/// # Errors
/// [`Kind::Cache`] if a token could not be cached there.
pub fn check(dir: &Path, was_named: bool) -> Result<()> {
    let check = || {
        private_file::check_dir(dir, was_named)?;
        private_file::check_writable(dir)?;
        maintenance::cache_files(dir)?
            .iter()
            .try_for_each(|(path, ..)| private_file::check_if_present(path))
    };
    check().map_err(|error| with_default_dir_hint(error, was_named))
}

pub(super) const DEFAULT_DIR_HINT: &str =
    "set GC_TOKEN_CACHE_DIR to a directory of your own, or GC_TOKEN_NO_CACHE=true";

fn with_default_dir_hint(error: Error, was_named: bool) -> Error {
    if was_named { error } else { error.with_hint(DEFAULT_DIR_HINT) }
}

/// Creates `dir` if it is missing, and tests with a temporary file whether locks hold there.
///
/// # Errors
/// [`Kind::Cache`] if a token could not be cached there.
pub fn self_test(dir: &Path, was_named: bool) -> Result<()> {
    private_file::prepare_dir(dir, was_named)
        .map_err(|error| with_default_dir_hint(error, was_named))?;
    let path = dir.join(format!("doctor-{}.lock", std::process::id()));
    let holds = (|| {
        let held = try_lock(&path)?;
        Ok(held.is_some() && try_lock(&path)?.is_none())
    })();
    let _ = std::fs::remove_file(&path);
    match holds {
        Ok(true) => Ok(()),
        Ok(false) => {
            let message = format!("locks in {} do not hold", dir.display());
            Err(Error::new(Kind::Cache, message)
                .with_cause("a second lock on a locked file was granted")
                .with_hint("name a directory on a local file system with --cache-dir"))
        }
        Err(error) => Err(with_default_dir_hint(error, was_named)),
    }
}
