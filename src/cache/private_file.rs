//! Files that only their owner may read or write.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use crate::error::{Error, Kind, Result};
use crate::platform::{
    self, ForeignDir, PrivacyFlaw, close_dir_command, ignore_file_size_limit, is_link_error,
    private_options_without_links, restore_owner_access,
};

const MAX_FILE_SIZE: u64 = 2 << 20;

pub(super) enum FileContent {
    Missing,
    Unreadable(io::Error),
    Bytes(Vec<u8>),
}

/// # Errors
/// [`Kind::Cache`] if another user may have written the file, or may read it.
pub(super) fn read(path: &Path) -> Result<FileContent> {
    let file = match private_options_without_links().read(true).open(path) {
        Ok(file) => file,
        Err(error) if is_absent(&error) => return Ok(FileContent::Missing),
        Err(error) if is_link_error(&error) => return Err(not_a_file(path, "a symbolic link")),
        Err(error) => return Ok(FileContent::Unreadable(error)),
    };
    let length = check_file(&file, path)?;
    let mut bytes = Vec::with_capacity(length as usize);
    match (&file).take(MAX_FILE_SIZE).read_to_end(&mut bytes) {
        Ok(_) => Ok(FileContent::Bytes(bytes)),
        Err(error) => Ok(FileContent::Unreadable(error)),
    }
}

/// Checks a private file without reading it.
///
/// # Errors
/// [`Kind::Cache`] if the file cannot be used for an entry or a lock.
pub(super) fn check_if_present(path: &Path) -> Result<()> {
    match private_options_without_links().read(true).open(path) {
        Ok(file) => check_file(&file, path).map(|_| ()),
        Err(error) if is_absent(&error) => Ok(()),
        Err(error) if is_link_error(&error) => Err(not_a_file(path, "a symbolic link")),
        Err(error) => Err(unusable(path, error)),
    }
}

pub(super) fn open_or_create(path: &Path) -> Result<File> {
    let mut options = private_options_without_links();
    let opened = options.read(true).write(true).create(true).open(path);
    let file = opened.map_err(|error| match error.kind() {
        _ if is_link_error(&error) => not_a_file(path, "a symbolic link"),
        io::ErrorKind::IsADirectory => not_a_file(path, "a directory"),
        _ => unusable(path, error),
    })?;
    restore_owner_access(&file).map_err(|error| unusable(path, error))?;
    check_file(&file, path)?;
    Ok(file)
}

/// Replaces a private file atomically, by way of `temporary`. The caller must hold the lock.
///
/// Not synced to the disk: an entry torn by a power cut is a cache miss.
pub(super) fn replace(path: &Path, temporary: &Path, bytes: &[u8]) -> io::Result<()> {
    // A killed process may have left one with another mode.
    let _ = std::fs::remove_file(temporary);
    let mut file = private_options_without_links().write(true).create_new(true).open(temporary)?;
    let written = restore_owner_access(&file)
        .and_then(|()| file.write_all(bytes))
        .and_then(|()| std::fs::rename(temporary, path));
    if written.is_err() {
        let _ = std::fs::remove_file(temporary);
    }
    written
}

/// Creates a private directory, or checks an existing one: no other user may be able to write
/// to it. The default directory is not created below another user's directory.
pub(super) fn prepare_dir(dir: &Path, was_named: bool) -> Result<()> {
    ignore_file_size_limit();
    if !check_dir(dir, was_named)? {
        let made = platform::create_dirs(dir, false);
        made.map_err(|error| unusable(dir, error))?;
        check_dir(dir, was_named)?;
    }
    Ok(())
}

/// Checks the directory as [`prepare_dir`] does. Returns whether it exists.
pub(super) fn check_dir(dir: &Path, was_named: bool) -> Result<bool> {
    check_links(dir)?;
    let metadata = match std::fs::metadata(dir) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return match platform::foreign_parent(dir) {
                Some(parent) if !was_named => Err(below_foreign_dir(dir, &parent)),
                _ => Ok(false),
            };
        }
        Err(error) => return Err(unusable(dir, error)),
    };
    if !metadata.is_dir() {
        return Err(unusable(dir, io::Error::from(io::ErrorKind::NotADirectory)));
    }
    match platform::dir_flaw(&metadata) {
        None => Ok(true),
        Some(flaw) => {
            let message = format!("{} can be written to by other users", dir.display());
            Err(not_private(dir, flaw, message, dir))
        }
    }
}

/// Checks whether this user can create files in the directory, or in its nearest existing
/// ancestor.
pub(super) fn check_writable(dir: &Path) -> Result<()> {
    let existing = dir.ancestors().find(|dir| dir.exists()).unwrap_or(Path::new("."));
    platform::check_writable(existing).map_err(|error| unusable(dir, error))
}

/// Refuses a path with a symbolic link that another user could change.
pub(super) fn check_links(dir: &Path) -> Result<()> {
    match platform::foreign_link(dir) {
        None => Ok(()),
        Some(link) => {
            let message = format!("another user could redirect {}", dir.display());
            Err(Error::new(Kind::Cache, message)
                .with_cause(link.to_string())
                .with_hint("name a directory by a path without that link, with --cache-dir"))
        }
    }
}

/// Returns the length of a file that is regular, private and owned by this user.
fn check_file(file: &File, path: &Path) -> Result<u64> {
    let metadata = file.metadata().map_err(|error| unusable(path, error))?;
    if !metadata.is_file() {
        let kind = if metadata.is_dir() { "a directory" } else { "a device or a pipe" };
        return Err(not_a_file(path, kind));
    }
    match platform::file_flaw(&metadata) {
        None => Ok(metadata.len().min(MAX_FILE_SIZE)),
        Some(flaw) => {
            let message = format!("{} is open to other users", path.display());
            Err(not_private(path, flaw, message, path.parent().unwrap_or(path)))
        }
    }
}

/// Includes a path below a file: that is reported when something is written there.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn below_foreign_dir(dir: &Path, parent: &ForeignDir) -> Error {
    Error::new(Kind::Cache, format!("{} is not created", dir.display()))
        .with_cause(parent.to_string())
        .with_hint("name a directory of your own with --cache-dir")
}

/// `mode_message` is for a mode that is too open, and `dir` the directory to close.
fn not_private(path: &Path, flaw: PrivacyFlaw, mode_message: String, dir: &Path) -> Error {
    match flaw {
        PrivacyFlaw::Owner(_) => {
            Error::new(Kind::Cache, format!("{} belongs to another user", path.display()))
                .with_cause(flaw.to_string())
                .with_hint("name a directory of your own with --cache-dir, or change the owner")
        }
        PrivacyFlaw::Mode(_) => Error::new(Kind::Cache, mode_message)
            .with_cause(flaw.to_string())
            .with_hint(close_dir_command(dir)),
    }
}

fn not_a_file(path: &Path, kind: &str) -> Error {
    Error::new(Kind::Cache, format!("{} is {kind}, not a file of this cache", path.display()))
        .with_hint("remove it")
}

fn unusable(path: &Path, error: io::Error) -> Error {
    Error::new(Kind::Cache, format!("cannot use {} for the cache", path.display()))
        .with_source(error)
        .with_hint("name a writable directory with --cache-dir, or go without: --no-cache")
}
