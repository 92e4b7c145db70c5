//! Files that only their owner may read or write: checked when they are read,
//! created so when they are written.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use crate::error::{Error, Kind, Result};
use crate::platform::{
    self, ForeignDir, PrivacyFlaw, close_dir_command, ignore_file_size_limit, is_link_error,
    private_options_without_links, restore_owner_access,
};

/// No token comes near this; a larger file is not one of ours.
const LONGEST: u64 = 2 << 20;

/// What stands under a name.
pub(super) enum Found {
    /// Nothing.
    Nothing,
    /// A file of ours that cannot be read.
    Unreadable(io::Error),
    /// Its bytes.
    Bytes(Vec<u8>),
}

/// Reads a private file.
///
/// # Errors
/// [`Kind::Cache`] when somebody else could have written it or may read it.
pub(super) fn read(path: &Path) -> Result<Found> {
    let file = match private_options_without_links().read(true).open(path) {
        Ok(file) => file,
        Err(error) if is_absent(&error) => return Ok(Found::Nothing),
        Err(error) if is_link_error(&error) => return Err(not_a_file(path, "a symbolic link")),
        Err(error) => return Ok(Found::Unreadable(error)),
    };
    let length = check_file(&file, path)?;
    let mut bytes = Vec::with_capacity(length as usize);
    match (&file).take(LONGEST).read_to_end(&mut bytes) {
        Ok(_) => Ok(Found::Bytes(bytes)),
        Err(error) => Ok(Found::Unreadable(error)),
    }
}

/// Checks a private file and reads nothing of it.
///
/// # Errors
/// [`Kind::Cache`] when it could not be used for an entry or a lock.
pub(super) fn inspect(path: &Path) -> Result<()> {
    match private_options_without_links().read(true).open(path) {
        Ok(file) => check_file(&file, path).map(|_| ()),
        Err(error) if is_absent(&error) => Ok(()),
        Err(error) if is_link_error(&error) => Err(not_a_file(path, "a symbolic link")),
        Err(error) => Err(unusable(path, error)),
    }
}

/// Opens a private file for a lock, and makes it where it is missing.
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

/// Writes a private file by way of `fresh`, so that whoever reads `path` finds
/// either the old bytes or the new ones. The caller holds the lock.
///
/// Not synced to the disk: a write that a power cut tears reads as a miss.
pub(super) fn replace(path: &Path, fresh: &Path, bytes: &[u8]) -> io::Result<()> {
    // What a killed process left is not reused: its mode is not known.
    let _ = std::fs::remove_file(fresh);
    let mut file = private_options_without_links().write(true).create_new(true).open(fresh)?;
    let written = restore_owner_access(&file)
        .and_then(|()| file.write_all(bytes))
        .and_then(|()| std::fs::rename(fresh, path));
    if written.is_err() {
        let _ = std::fs::remove_file(fresh);
    }
    written
}

/// Makes the directory, private, where it is missing, and checks it where it
/// stands: nobody else may be able to put files into it. One that nobody named is
/// not made below another user's directory.
pub(super) fn prepare(dir: &Path, was_named: bool) -> Result<()> {
    ignore_file_size_limit();
    if !check(dir, was_named)? {
        let made = platform::create_dirs(dir, false);
        made.map_err(|error| unusable(dir, error))?;
        check(dir, was_named)?;
    }
    Ok(())
}

/// Checks the directory as [`prepare`] does, and makes nothing. Returns whether it
/// stands.
pub(super) fn check(dir: &Path, was_named: bool) -> Result<bool> {
    check_links(dir)?;
    let about = match std::fs::metadata(dir) {
        Ok(about) => about,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return match platform::foreign_parent(dir) {
                Some(parent) if !was_named => Err(not_mine_to_make(dir, &parent)),
                _ => Ok(false),
            };
        }
        Err(error) => return Err(unusable(dir, error)),
    };
    if !about.is_dir() {
        return Err(unusable(dir, io::Error::from(io::ErrorKind::NotADirectory)));
    }
    match platform::dir_flaw(&about) {
        None => Ok(true),
        Some(flaw) => {
            let what = format!("{} can be written to by other users", dir.display());
            Err(not_private(dir, flaw, what, dir))
        }
    }
}

/// Refuses a directory in which this user can make nothing; of one that is not there,
/// the nearest above it that is.
pub(super) fn check_writable(dir: &Path) -> Result<()> {
    let here = dir.ancestors().find(|dir| dir.exists()).unwrap_or(Path::new("."));
    platform::check_writable(here).map_err(|error| unusable(dir, error))
}

/// Refuses a path that another user could lead elsewhere.
pub(super) fn check_links(dir: &Path) -> Result<()> {
    match platform::foreign_link(dir) {
        None => Ok(()),
        Some(link) => {
            let what = format!("another user could lead {} elsewhere", dir.display());
            Err(Error::new(Kind::Cache, what)
                .with_cause(link.to_string())
                .with_hint("name a directory by a path without that link, with --cache-dir"))
        }
    }
}

/// The file's length, once it is known to be a file, ours, and private.
fn check_file(file: &File, path: &Path) -> Result<u64> {
    let about = file.metadata().map_err(|error| unusable(path, error))?;
    if !about.is_file() {
        let kind = if about.is_dir() { "a directory" } else { "a device or a pipe" };
        return Err(not_a_file(path, kind));
    }
    match platform::file_flaw(&about) {
        None => Ok(about.len().min(LONGEST)),
        Some(flaw) => {
            let what = format!("{} is open to other users", path.display());
            Err(not_private(path, flaw, what, path.parent().unwrap_or(path)))
        }
    }
}

/// Not there, or below something that is no directory: whoever writes finds out
/// and says so.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn not_mine_to_make(dir: &Path, parent: &ForeignDir) -> Error {
    Error::new(Kind::Cache, format!("{} is not created", dir.display()))
        .with_cause(parent.to_string())
        .with_hint("name a directory of your own with --cache-dir")
}

/// `open` says that the mode lets other users in, `dir` is the directory to close to them.
fn not_private(path: &Path, flaw: PrivacyFlaw, open: String, dir: &Path) -> Error {
    match flaw {
        PrivacyFlaw::Owner(_) => {
            Error::new(Kind::Cache, format!("{} belongs to another user", path.display()))
                .with_cause(flaw.to_string())
                .with_hint("name a directory of your own with --cache-dir, or change the owner")
        }
        PrivacyFlaw::Mode(_) => Error::new(Kind::Cache, open)
            .with_cause(flaw.to_string())
            .with_hint(close_dir_command(dir)),
    }
}

fn not_a_file(path: &Path, kind: &str) -> Error {
    Error::new(Kind::Cache, format!("{} is {kind}, not a file of this cache", path.display()))
        .with_hint("remove it")
}

fn unusable(path: &Path, error: io::Error) -> Error {
    Error::new(Kind::Cache, format!("cannot use {}", path.display()))
        .with_source(error)
        .with_hint("name a writable directory with --cache-dir, or go without: --no-cache")
}
