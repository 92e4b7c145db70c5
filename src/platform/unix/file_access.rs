//! Checks which users control a file or a directory, as ssh does with its own configuration.
//!
//! Root is trusted everywhere, as it can do anything anyway.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{OFlags, StatVfsMountFlags};

/// A way in which another user, apart from root, could decide what a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TamperRisk {
    Owner(u32),
    /// The mode of the file lets its group or everybody write to it.
    Writable(u32),
    /// The path leads through a symbolic link of that user.
    Link(PathBuf, u32),
}

impl TamperRisk {
    pub(crate) fn is_from_every_user(&self) -> bool {
        matches!(self, TamperRisk::Writable(mode) if mode & 0o002 != 0)
    }

    /// Returns a warning about the file at `path`; `name` is how the user knows the file.
    pub(crate) fn warning(&self, name: impl fmt::Display, path: &Path) -> String {
        format!("{name} could be changed by another user ({self}): {}", self.remedy(path))
    }

    /// Returns the command, or the change, after which the file at `path` is trusted.
    pub(crate) fn remedy(&self, path: &Path) -> String {
        let path = path.display();
        match self {
            TamperRisk::Owner(_) => format!("chown {} {path}", effective_user()),
            TamperRisk::Writable(_) => format!("chmod go-w {path}"),
            TamperRisk::Link(..) => "name the file by a path without that link".to_owned(),
        }
    }

    /// Returns the command, or the change, after which the file at `path` is trusted and no
    /// other user can read it.
    pub(crate) fn remedy_for_private_file(&self, path: &Path) -> String {
        match self {
            TamperRisk::Owner(_) => {
                format!("{} && {}", self.remedy(path), make_private_command(path))
            }
            TamperRisk::Writable(_) => make_private_command(path),
            TamperRisk::Link(..) => self.remedy(path),
        }
    }
}

pub(crate) fn make_private_command(file: &Path) -> String {
    format!("chmod 600 {}", file.display())
}

impl fmt::Display for TamperRisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TamperRisk::Owner(owner) => {
                write!(f, "its owner is user {owner}, and this is user {}", effective_user())
            }
            TamperRisk::Writable(mode) => {
                write!(f, "other users can write to it: its mode is {:04o}", mode & 0o7777)
            }
            TamperRisk::Link(link, owner) => {
                write!(f, "{} is a symbolic link of user {owner}", link.display())
            }
        }
    }
}

/// An open file, so that the file that was checked is the file that is read.
pub(crate) struct OpenedFile {
    path: PathBuf,
    file: File,
    metadata: Metadata,
}

impl OpenedFile {
    /// Opens whatever is at `path` for reading, and waits for the other end of a pipe.
    pub(crate) fn open(path: &Path) -> io::Result<OpenedFile> {
        OpenedFile::open_with(path, OFlags::CLOEXEC)
    }

    /// Opens a regular file; anything else is an error and is not waited for.
    pub(crate) fn open_regular(path: &Path) -> io::Result<OpenedFile> {
        let opened = OpenedFile::open_with(path, OFlags::CLOEXEC | OFlags::NONBLOCK)?;
        if opened.metadata.is_file() {
            Ok(opened)
        } else if opened.metadata.is_dir() {
            Err(io::Error::from(io::ErrorKind::IsADirectory))
        } else {
            Err(io::Error::other("it is not a regular file"))
        }
    }

    fn open_with(path: &Path, flags: OFlags) -> io::Result<OpenedFile> {
        let file = File::options().read(true).custom_flags(flags.bits() as i32).open(path)?;
        let metadata = file.metadata()?;
        Ok(OpenedFile { path: path.to_owned(), file, metadata })
    }

    pub(crate) fn is_regular(&self) -> bool {
        self.metadata.is_file()
    }

    /// # Errors
    /// If that is not possible, or there are more than `limit` bytes, which are whole KiB.
    pub(crate) fn read(&self, limit: u64) -> io::Result<zeroize::Zeroizing<Vec<u8>>> {
        let mut bytes = zeroize::Zeroizing::new(Vec::new());
        (&self.file).take(limit + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 <= limit {
            return Ok(bytes);
        }
        let size = match limit >> 20 {
            0 => format!("{} KiB", limit >> 10),
            size => format!("{size} MiB"),
        };
        Err(io::Error::other(format!("it is longer than {size}")))
    }

    /// A pipe or a device is never at risk: the caller handed it over, and no other user
    /// can change it.
    pub(crate) fn tamper_risk(&self) -> Option<TamperRisk> {
        if !self.metadata.is_file() {
            return None;
        }
        let writer = writer_at_risk(self.metadata.uid(), self.metadata.mode(), effective_user());
        writer.or_else(|| foreign_link(&self.path))
    }

    /// Returns the mode of a file that other users may read although this user could forbid
    /// it. The secrets of a container are on a read-only file system.
    pub(crate) fn mode_if_readable_by_others(&self) -> Option<u32> {
        let mode = self.metadata.mode() & 0o7777;
        let is_on_read_only = || {
            rustix::fs::fstatvfs(&self.file)
                .is_ok_and(|mount| mount.f_flag.contains(StatVfsMountFlags::RDONLY))
        };
        let user = effective_user();
        let is_mine = self.metadata.is_file() && (self.metadata.uid() == user || user == 0);
        (is_mine && mode & 0o044 != 0 && !is_on_read_only()).then_some(mode)
    }
}

pub(super) fn effective_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn writer_at_risk(owner: u32, mode: u32, user: u32) -> Option<TamperRisk> {
    if !is_trusted(owner, user) {
        Some(TamperRisk::Owner(owner))
    } else if mode & 0o022 != 0 {
        Some(TamperRisk::Writable(mode))
    } else {
        None
    }
}

fn is_trusted(owner: u32, user: u32) -> bool {
    owner == user || owner == 0
}

/// Returns the first symbolic link on the way to `path`, `path` itself included, that
/// another user owns and could redirect.
pub(crate) fn foreign_link(path: &Path) -> Option<TamperRisk> {
    foreign_link_where(path, |owner| is_trusted(owner, effective_user()))
}

const MAX_LINKS: usize = 40;

fn foreign_link_where(path: &Path, is_trusted: impl Fn(u32) -> bool) -> Option<TamperRisk> {
    let components = |path: &Path| -> VecDeque<OsString> {
        path.components().map(|component| component.as_os_str().to_owned()).collect()
    };
    let mut rest = components(path);
    let mut reached = PathBuf::new();
    let mut links = 0;
    while let Some(component) = rest.pop_front() {
        // The root replaces what was reached.
        reached.push(&component);
        if Path::new(&component).components().any(|part| !matches!(part, Component::Normal(_))) {
            continue;
        }
        let metadata = std::fs::symlink_metadata(&reached).ok()?;
        if !metadata.is_symlink() {
            continue;
        }
        links += 1;
        if !is_trusted(metadata.uid()) {
            return Some(TamperRisk::Link(reached, metadata.uid()));
        }
        if links > MAX_LINKS {
            // Nothing can be opened by such a path.
            return None;
        }
        let target = std::fs::read_link(&reached).ok()?;
        reached.pop();
        for component in components(&target).into_iter().rev() {
            rest.push_front(component);
        }
    }
    None
}

/// A directory of another user, below which something would have to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ForeignDir {
    dir: PathBuf,
    owner: u32,
}

impl fmt::Display for ForeignDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ForeignDir { dir, owner } = self;
        let user = effective_user();
        write!(f, "{} belongs to user {owner}, and this is user {user}", dir.display())
    }
}

/// Returns the directory of another user in which `path`, or its missing parents, would
/// have to be created. That user could not use what this one creates there: root with a
/// user's HOME (`sudo -E`) would lock that user out of `~/.cache`.
pub(crate) fn foreign_parent(path: &Path) -> Option<ForeignDir> {
    let existing = path.ancestors().find_map(|dir| {
        let here = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
        Some((here, std::fs::metadata(here).ok()?.uid()))
    });
    let (dir, owner) = existing?;
    (!is_trusted(owner, effective_user())).then(|| ForeignDir { dir: dir.to_owned(), owner })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_root_and_the_user_are_trusted() {
        assert_eq!(writer_at_risk(1_000, 0o644, 1_000), None);
        assert_eq!(writer_at_risk(0, 0o444, 1_000), None);
        assert_eq!(writer_at_risk(1_000, 0o600, 0), Some(TamperRisk::Owner(1_000)));
        assert_eq!(writer_at_risk(1_001, 0o600, 1_000), Some(TamperRisk::Owner(1_001)));
        for mode in [0o620, 0o602, 0o666] {
            let risk = writer_at_risk(0, mode, 0).unwrap();
            assert_eq!(risk, TamperRisk::Writable(mode));
            assert_eq!(risk.is_from_every_user(), mode != 0o620);
        }
    }

    #[test]
    fn links_are_followed_to_the_first_untrusted_one() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let at = |name: &str| root.join(name);
        std::fs::create_dir(at("real")).unwrap();
        std::fs::write(at("real/file"), "").unwrap();
        symlink("real", at("relative")).unwrap();
        symlink(at("relative"), at("absolute")).unwrap();
        symlink("loop", at("loop")).unwrap();
        let trusting = |path: &str| foreign_link_where(&at(path), |_| true);
        let wary = |path: &str| match foreign_link_where(&at(path), |_| false) {
            Some(TamperRisk::Link(link, _)) => Some(link),
            _ => None,
        };
        for path in ["real/file", "absolute/file", "absolute/../real/file", "nowhere/file"] {
            assert_eq!(trusting(path), None, "{path}");
        }
        assert_eq!(wary("relative/file"), Some(at("relative")));
        assert_eq!(wary("absolute/file"), Some(at("absolute")));
        assert_eq!(trusting("loop"), None);
        // A link that is trusted may lead to one that is not.
        let seen = std::cell::Cell::new(0);
        let second =
            foreign_link_where(&at("absolute/file"), |_| seen.replace(seen.get() + 1) == 0);
        assert!(matches!(second, Some(TamperRisk::Link(link, _)) if link.ends_with("relative")));
        assert_eq!(wary("real/file"), None);
    }

    #[test]
    fn a_file_that_is_too_long_is_not_cut() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), [b'x'; 1024]).unwrap();
        let opened = OpenedFile::open(file.path()).unwrap();
        assert_eq!(opened.read(1024).unwrap().len(), 1024);
        for (size, limit, shown) in [(1025, 1 << 10, "1 KiB"), ((1 << 20) + 1, 1 << 20, "1 MiB")] {
            std::fs::write(file.path(), vec![b'x'; size]).unwrap();
            let error = OpenedFile::open(file.path()).unwrap().read(limit).unwrap_err();
            assert_eq!(error.to_string(), format!("it is longer than {shown}"));
        }
    }

    #[test]
    fn the_nearest_existing_directory_decides_who_may_create() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(foreign_parent(&dir.path().join("a/b/c")), None);
        assert_eq!(foreign_parent(Path::new("not-there/b")), None);
    }
}
