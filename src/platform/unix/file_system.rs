//! The file system that a directory is on.

use std::path::Path;

pub(crate) struct FileSystem {
    /// The type, such as `ext4`.
    pub(crate) kind: Option<String>,
    /// Bytes.
    pub(crate) free: Option<u64>,
}

pub(crate) fn file_system(dir: &Path) -> FileSystem {
    let real = dir.canonicalize().ok();
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok();
    let kind = real.zip(mounts).and_then(|(dir, mounts)| Some(kind_in(&mounts, &dir)?.to_owned()));
    let space = rustix::fs::statvfs(dir).ok();
    let free = space.map(|space| space.f_bavail.saturating_mul(space.f_frsize));
    FileSystem { kind, free }
}

/// Looks up the absolute `path`, which has no links, in Linux's table of mounts (proc(5),
/// `/proc/pid/mountinfo`). Of two mounts at one point the later one covers the earlier.
fn kind_in<'a>(mounts: &'a str, path: &Path) -> Option<&'a str> {
    let mount = |line: &'a str| {
        let (before, after) = line.split_once(" - ")?;
        let point = unescape(before.split(' ').nth(4)?);
        let kind = after.split(' ').next()?;
        path.starts_with(&point).then(|| (Path::new(&point).components().count(), kind))
    };
    let mounts = mounts.lines().filter_map(mount);
    mounts.max_by_key(|(depth, _)| *depth).map(|(_, kind)| kind)
}

fn unescape(point: &str) -> String {
    [(r"\040", " "), (r"\011", "\t"), (r"\012", "\n"), (r"\134", r"\")]
        .iter()
        .fold(point.to_owned(), |point, (from, to)| point.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
22 21 0:5 / /home rw - nfs4 server:/home rw
23 22 0:6 / /home/me/a\\040b rw - tmpfs tmpfs rw
24 23 0:7 / /home/me/a\\040b rw - overlay overlay rw
";

    #[test]
    fn the_deepest_and_last_mount_counts() {
        let kind = |path: &str| kind_in(MOUNTS, Path::new(path));
        assert_eq!(kind("/homestead"), Some("ext4"));
        assert_eq!(kind("/home/me"), Some("nfs4"));
        assert_eq!(kind("/home/me/a b/c"), Some("overlay"));
        assert_eq!(kind_in("", Path::new("/")), None);
    }
}
