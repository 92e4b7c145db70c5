//! Files that only their owner may read or write: checked when they are read,
//! created so when they are written.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{Access, AtFlags, OFlags};

use crate::context::outlive_file_size_limit;
use crate::error::{Error, Kind, Result};
use crate::ownership::{self, Foreign, me};

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
    let file = match open(OpenOptions::new().read(true), path) {
        Ok(file) => file,
        Err(error) if is_absent(&error) => return Ok(Found::Nothing),
        Err(error) if is_symlink(&error) => return Err(not_a_file(path, "a symbolic link")),
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
    match open(OpenOptions::new().read(true), path) {
        Ok(file) => check_file(&file, path).map(|_| ()),
        Err(error) if is_absent(&error) => Ok(()),
        Err(error) if is_symlink(&error) => Err(not_a_file(path, "a symbolic link")),
        Err(error) => Err(unusable(path, error)),
    }
}

/// Opens a private file for a lock, and makes it where it is missing.
pub(super) fn open_or_create(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    let file =
        open(options.read(true).write(true).create(true), path).map_err(|error| {
            match error.kind() {
                _ if is_symlink(&error) => not_a_file(path, "a symbolic link"),
                io::ErrorKind::IsADirectory => not_a_file(path, "a directory"),
                _ => unusable(path, error),
            }
        })?;
    let_owner_in(&file).map_err(|error| unusable(path, error))?;
    check_file(&file, path)?;
    Ok(file)
}

/// Gives the owner of a file that may be new what the umask took away.
pub(super) fn let_owner_in(file: &File) -> io::Result<()> {
    match file.metadata()?.mode() & 0o600 {
        0o600 => Ok(()),
        _ => file.set_permissions(Permissions::from_mode(0o600)),
    }
}

/// Writes a private file by way of `fresh`, so that whoever reads `path` finds
/// either the old bytes or the new ones. The caller holds the lock.
///
/// Not synced to the disk: a write that a power cut tears reads as a miss.
pub(super) fn replace(path: &Path, fresh: &Path, bytes: &[u8]) -> io::Result<()> {
    // What a killed process left is not reused: its mode is not known.
    let _ = std::fs::remove_file(fresh);
    let mut file = open(OpenOptions::new().write(true).create_new(true), fresh)?;
    let written = let_owner_in(&file)
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
    outlive_file_size_limit();
    if !check(dir, was_named)? {
        let made = ownership::create_dirs(dir, 0o700);
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
            return match ownership::foreign_parent(dir) {
                Some(parent) if !was_named => Err(not_mine_to_make(dir, &parent)),
                _ => Ok(false),
            };
        }
        Err(error) => return Err(unusable(dir, error)),
    };
    if !about.is_dir() {
        return Err(unusable(dir, io::Error::from(io::ErrorKind::NotADirectory)));
    }
    if about.uid() != me() {
        return Err(foreign(dir, about.uid()));
    }
    if about.mode() & 0o022 != 0 {
        let what = format!("{} can be written to by other users", dir.display());
        return Err(Error::new(Kind::Cache, what)
            .with_cause(format!("its mode is {:04o}", about.mode() & 0o7777))
            .with_hint(close_to_others(dir)));
    }
    Ok(true)
}

/// Refuses a directory in which this user can make nothing; of one that is not there,
/// the nearest above it that is.
pub(super) fn check_writable(dir: &Path) -> Result<()> {
    let here = dir.ancestors().find(|dir| dir.exists()).unwrap_or(Path::new("."));
    rustix::fs::accessat(rustix::fs::CWD, here, Access::WRITE_OK, AtFlags::EACCESS)
        .map_err(|error| unusable(dir, error.into()))
}

/// Refuses a path that another user could lead elsewhere.
pub(super) fn check_links(dir: &Path) -> Result<()> {
    match ownership::foreign_link(dir) {
        None => Ok(()),
        Some(link) => {
            let what = format!("another user could lead {} elsewhere", dir.display());
            Err(Error::new(Kind::Cache, what)
                .with_cause(link.to_string())
                .with_hint("name a directory by a path without that link, with --cache-dir"))
        }
    }
}

/// Neither follows a link nor waits for the other end of a pipe.
fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    options.mode(0o600).custom_flags(flags.bits() as i32).open(path)
}

/// The file's length, once it is known to be a file, ours, and private.
fn check_file(file: &File, path: &Path) -> Result<u64> {
    let about = file.metadata().map_err(|error| unusable(path, error))?;
    if !about.is_file() {
        let kind = if about.is_dir() { "a directory" } else { "a device or a pipe" };
        return Err(not_a_file(path, kind));
    }
    if about.uid() != me() {
        return Err(foreign(path, about.uid()));
    }
    if about.mode() & 0o077 != 0 {
        let what = format!("{} is open to other users", path.display());
        return Err(Error::new(Kind::Cache, what)
            .with_cause(format!("its mode is {:04o}", about.mode() & 0o7777))
            .with_hint(close_to_others(path.parent().unwrap_or(path))));
    }
    Ok(about.len().min(LONGEST))
}

/// Not there, or below something that is no directory: whoever writes finds out
/// and says so.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn is_symlink(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

/// The command that closes the directory and all that is in it to others.
fn close_to_others(dir: &Path) -> String {
    format!("chmod -R go= {}", dir.display())
}

fn not_mine_to_make(dir: &Path, parent: &Foreign) -> Error {
    Error::new(Kind::Cache, format!("{} is not created", dir.display()))
        .with_cause(parent.to_string())
        .with_hint("name a directory of your own with --cache-dir")
}

fn foreign(path: &Path, owner: u32) -> Error {
    Error::new(Kind::Cache, format!("{} belongs to another user", path.display()))
        .with_cause(format!("its owner is user {owner}, and this is user {}", me()))
        .with_hint("name a directory of your own with --cache-dir, or change the owner")
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
