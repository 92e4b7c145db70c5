//! Checks who controls a file or a directory, as ssh does with its own configuration, and
//! where something may be created.
//!
//! Root is trusted everywhere, as it can do anything anyway.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt;
use std::fs::{DirBuilder, File, Metadata, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{OFlags, StatVfsMountFlags};

/// The way in which another user than this one and root could decide what a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outsider {
    /// The file belongs to that user.
    Owner(u32),
    /// The file can be written to by the group or by all, by its mode.
    Writable(u32),
    /// The path leads through a symbolic link of that user.
    Link(PathBuf, u32),
}

impl Outsider {
    /// Returns whether every user of the machine is meant.
    pub(crate) fn is_anybody(&self) -> bool {
        matches!(self, Outsider::Writable(mode) if mode & 0o002 != 0)
    }

    /// Returns the warning that another user decides what the file at `path` holds;
    /// `name` is how the user knows the file.
    pub(crate) fn warning(&self, name: impl fmt::Display, path: &Path) -> String {
        format!("{name} could be changed by another user ({self}): {}", self.remedy(path))
    }

    /// Returns the command, or the change, after which the file at `path` is trusted.
    pub(crate) fn remedy(&self, path: &Path) -> String {
        let path = path.display();
        match self {
            Outsider::Owner(_) => format!("chown {} {path}", me()),
            Outsider::Writable(_) => format!("chmod go-w {path}"),
            Outsider::Link(..) => "name the file by a path without that link".to_owned(),
        }
    }
}

impl fmt::Display for Outsider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outsider::Owner(owner) => {
                write!(f, "its owner is user {owner}, and this is user {}", me())
            }
            Outsider::Writable(mode) => {
                write!(f, "other users can write to it: its mode is {:04o}", mode & 0o7777)
            }
            Outsider::Link(link, owner) => {
                write!(f, "{} is a symbolic link of user {owner}", link.display())
            }
        }
    }
}

/// A file that was opened, so that what is checked is what is read.
pub(crate) struct Opened {
    path: PathBuf,
    file: File,
    about: Metadata,
}

impl Opened {
    /// Opens whatever is at `path` for reading, and waits for the other end of a pipe.
    pub(crate) fn open(path: &Path) -> io::Result<Opened> {
        Opened::open_with(path, OFlags::CLOEXEC)
    }

    /// Opens a regular file; anything else is an error and is not waited for.
    pub(crate) fn open_regular(path: &Path) -> io::Result<Opened> {
        let opened = Opened::open_with(path, OFlags::CLOEXEC | OFlags::NONBLOCK)?;
        match opened.about.is_file() {
            true => Ok(opened),
            false if opened.about.is_dir() => Err(io::Error::from(io::ErrorKind::IsADirectory)),
            false => Err(io::Error::other("it is not a regular file")),
        }
    }

    fn open_with(path: &Path, flags: OFlags) -> io::Result<Opened> {
        let file = File::options().read(true).custom_flags(flags.bits() as i32).open(path)?;
        let about = file.metadata()?;
        Ok(Opened { path: path.to_owned(), file, about })
    }

    /// Returns whether it is a regular file, which can be read again.
    pub(crate) fn is_regular(&self) -> bool {
        self.about.is_file()
    }

    /// Returns its bytes, up to `limit`.
    pub(crate) fn read(&self, limit: u64) -> io::Result<zeroize::Zeroizing<Vec<u8>>> {
        let mut bytes = zeroize::Zeroizing::new(Vec::new());
        (&self.file).take(limit).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Returns how another user could decide what the file holds. A pipe or a device
    /// is what the caller handed over, and nobody's to change.
    pub(crate) fn outsider(&self) -> Option<Outsider> {
        if !self.about.is_file() {
            return None;
        }
        let writer = outsider(self.about.uid(), self.about.mode(), me());
        writer.or_else(|| foreign_link(&self.path))
    }

    /// Returns the file's mode where other users may read it and this one could change
    /// that: the secrets of a container are on a read-only file system.
    pub(crate) fn readable_by_others(&self) -> Option<u32> {
        let mode = self.about.mode() & 0o7777;
        let on_read_only = || {
            rustix::fs::fstatvfs(&self.file)
                .is_ok_and(|on| on.f_flag.contains(StatVfsMountFlags::RDONLY))
        };
        let mine = self.about.is_file() && (self.about.uid() == me() || me() == 0);
        (mine && mode & 0o044 != 0 && !on_read_only()).then_some(mode)
    }
}

/// Returns the process's effective user.
pub(crate) fn me() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn outsider(owner: u32, mode: u32, me: u32) -> Option<Outsider> {
    match (is_trusted(owner, me), mode & 0o022) {
        (false, _) => Some(Outsider::Owner(owner)),
        (true, 0) => None,
        (true, _) => Some(Outsider::Writable(mode)),
    }
}

fn is_trusted(owner: u32, me: u32) -> bool {
    owner == me || owner == 0
}

/// Returns the first symbolic link on the way to `path`, `path` itself included, that
/// belongs to another user: who could lead the way to any other place.
pub(crate) fn foreign_link(path: &Path) -> Option<Outsider> {
    foreign_link_of(path, |owner| is_trusted(owner, me()))
}

/// The number of links that the kernel follows.
const LINKS: usize = 40;

fn foreign_link_of(path: &Path, is_trusted: impl Fn(u32) -> bool) -> Option<Outsider> {
    let own = |path: &Path| -> VecDeque<OsString> {
        path.components().map(|part| part.as_os_str().to_owned()).collect()
    };
    let mut rest = own(path);
    let mut reached = PathBuf::new();
    let mut links = 0;
    while let Some(part) = rest.pop_front() {
        // The root replaces what was reached.
        reached.push(&part);
        if Path::new(&part).components().any(|part| !matches!(part, Component::Normal(_))) {
            continue;
        }
        let about = std::fs::symlink_metadata(&reached).ok()?;
        if !about.is_symlink() {
            continue;
        }
        links += 1;
        if !is_trusted(about.uid()) {
            return Some(Outsider::Link(reached, about.uid()));
        }
        if links > LINKS {
            // Nothing can be opened by such a path.
            return None;
        }
        let target = std::fs::read_link(&reached).ok()?;
        reached.pop();
        for part in own(&target).into_iter().rev() {
            rest.push_front(part);
        }
    }
    None
}

/// Another user's directory, below which something would have to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Foreign {
    /// The directory.
    pub(crate) dir: PathBuf,
    /// Its owner.
    pub(crate) owner: u32,
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Foreign { dir, owner } = self;
        write!(f, "{} belongs to user {owner}, and this is user {}", dir.display(), me())
    }
}

/// Returns the directory of another user in which `path`, or what is missing above
/// it, would have to be created. That user could not use what is created there by
/// this one: root with a user's HOME (`sudo -E`) would lock that user out of
/// `~/.cache`.
pub(crate) fn foreign_parent(path: &Path) -> Option<Foreign> {
    let existing = path.ancestors().find_map(|dir| {
        let here = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
        Some((here, std::fs::metadata(here).ok()?.uid()))
    });
    let (dir, owner) = existing?;
    (!is_trusted(owner, me())).then(|| Foreign { dir: dir.to_owned(), owner })
}

/// Makes the directory and what is missing above it, with `mode` as far as the umask
/// allows. The owner may use them in any case: under `umask 0177`, which scripts set to
/// make files private, nobody could, and a `~/.cache` of that kind is of use to no
/// program.
pub(crate) fn create_dirs(dir: &Path, mode: u32) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        create_dirs(parent, mode)?;
    }
    match DirBuilder::new().mode(mode).create(dir) {
        // Another process was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
        Err(error) => Err(error),
        Ok(()) => let_owner_in(dir),
    }
}

/// Gives the owner of a directory that was made just now what the umask took away.
pub(crate) fn let_owner_in(dir: &Path) -> io::Result<()> {
    let mode = std::fs::metadata(dir)?.mode() & 0o7777;
    match mode & 0o700 {
        0o700 => Ok(()),
        _ => std::fs::set_permissions(dir, Permissions::from_mode(mode | 0o700)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn root_and_the_user_alone_are_trusted() {
        assert_eq!(outsider(1_000, 0o644, 1_000), None);
        assert_eq!(outsider(0, 0o444, 1_000), None);
        assert_eq!(outsider(1_000, 0o600, 0), Some(Outsider::Owner(1_000)));
        assert_eq!(outsider(1_001, 0o600, 1_000), Some(Outsider::Owner(1_001)));
        for mode in [0o620, 0o602, 0o666] {
            let outsider = outsider(0, mode, 0).unwrap();
            assert_eq!(outsider, Outsider::Writable(mode));
            assert_eq!(outsider.is_anybody(), mode != 0o620);
        }
    }

    #[test]
    fn links_are_followed_to_the_one_that_is_not_trusted() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let at = |name: &str| root.join(name);
        std::fs::create_dir(at("real")).unwrap();
        std::fs::write(at("real/file"), "").unwrap();
        symlink("real", at("relative")).unwrap();
        symlink(at("relative"), at("absolute")).unwrap();
        symlink("loop", at("loop")).unwrap();
        let trusting = |path: &str| foreign_link_of(&at(path), |_| true);
        let wary = |path: &str| match foreign_link_of(&at(path), |_| false) {
            Some(Outsider::Link(link, _)) => Some(link),
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
        let second = foreign_link_of(&at("absolute/file"), |_| seen.replace(seen.get() + 1) == 0);
        assert!(matches!(second, Some(Outsider::Link(link, _)) if link.ends_with("relative")));
        assert_eq!(wary("real/file"), None);
    }

    #[test]
    fn what_exists_last_decides_who_may_create() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(foreign_parent(&dir.path().join("a/b/c")), None);
        assert_eq!(foreign_parent(Path::new("not-there/b")), None);
    }
}
