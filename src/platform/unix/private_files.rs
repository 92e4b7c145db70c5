//! Files and directories that only their owner may use.

use std::fmt;
use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{Access, AtFlags, OFlags};
use tempfile::{NamedTempFile, TempDir};

use super::file_access::effective_user;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PrivacyFlaw {
    Owner(u32),
    Mode(u32),
}

impl fmt::Display for PrivacyFlaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PrivacyFlaw::Owner(owner) => {
                write!(f, "its owner is user {owner}, and this is user {}", effective_user())
            }
            PrivacyFlaw::Mode(mode) => write!(f, "its mode is {:04o}", mode & 0o7777),
        }
    }
}

pub(crate) fn dir_flaw(metadata: &Metadata) -> Option<PrivacyFlaw> {
    flaw(metadata, 0o022)
}

pub(crate) fn file_flaw(metadata: &Metadata) -> Option<PrivacyFlaw> {
    flaw(metadata, 0o077)
}

fn flaw(metadata: &Metadata, forbidden: u32) -> Option<PrivacyFlaw> {
    if metadata.uid() != effective_user() {
        Some(PrivacyFlaw::Owner(metadata.uid()))
    } else if metadata.mode() & forbidden != 0 {
        Some(PrivacyFlaw::Mode(metadata.mode()))
    } else {
        None
    }
}

pub(crate) fn describe_access(metadata: &Metadata) -> String {
    format!("mode {:04o}, owner {}", metadata.mode() & 0o7777, metadata.uid())
}

pub(crate) fn close_dir_command(dir: &Path) -> String {
    format!("chmod -R go= {}", dir.display())
}

pub(crate) fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// Options like [`private_options`] that neither follow a symbolic link at the path itself
/// nor wait for the other end of a pipe.
pub(crate) fn private_options_without_links() -> OpenOptions {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let mut options = private_options();
    options.custom_flags(flags.bits() as i32);
    options
}

pub(crate) fn is_link_error(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

/// Restores the owner's access to a new file, which the umask may have taken away.
pub(crate) fn restore_owner_access(file: &File) -> io::Result<()> {
    if file.metadata()?.mode() & 0o600 == 0o600 {
        return Ok(());
    }
    file.set_permissions(Permissions::from_mode(0o600))
}

/// Creates the directory and its missing parents, with the modes that programs usually
/// give to a user's directories: 0700, or 0777 for `shared` ones, as far as the umask
/// allows. The owner always gets access: under `umask 0177`, which scripts set to make files
/// private, a new `~/.cache` would be of no use to any program.
pub(crate) fn create_dirs(dir: &Path, shared: bool) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        create_dirs(parent, shared)?;
    }
    let mode = if shared { 0o777 } else { 0o700 };
    match DirBuilder::new().mode(mode).create(dir) {
        // Another process was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
        Err(error) => Err(error),
        Ok(()) => restore_owner_access_to_dir(dir),
    }
}

fn restore_owner_access_to_dir(dir: &Path) -> io::Result<()> {
    let mode = std::fs::metadata(dir)?.mode() & 0o7777;
    if mode & 0o700 == 0o700 {
        return Ok(());
    }
    std::fs::set_permissions(dir, Permissions::from_mode(mode | 0o700))
}

/// Creates a directory for this user alone, whatever the umask, in the directory for
/// temporary files.
pub(crate) fn private_temp_dir() -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    let dir = builder.prefix("gc-token-").permissions(Permissions::from_mode(0o700)).tempdir()?;
    restore_owner_access_to_dir(dir.path())?;
    Ok(dir)
}

/// Creates a temporary file for this user alone, whatever the umask, to be renamed in `dir`.
pub(crate) fn private_file_in(dir: &Path) -> io::Result<NamedTempFile> {
    let file = NamedTempFile::new_in(dir)?;
    restore_owner_access(file.as_file())?;
    Ok(file)
}

pub(crate) fn public_temp_file(dir: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.permissions(Permissions::from_mode(0o644)).tempfile_in(dir)
}

pub(crate) fn check_writable(dir: &Path) -> io::Result<()> {
    Ok(rustix::fs::accessat(rustix::fs::CWD, dir, Access::WRITE_OK, AtFlags::EACCESS)?)
}

pub(crate) fn is_same_file(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Writes this process's id into the locked file, for messages of other processes.
pub(crate) fn write_lock_holder(lock: &mut File) {
    let _ = lock.set_len(0).and_then(|()| lock.rewind());
    let _ = write!(lock, "{}", std::process::id());
}
