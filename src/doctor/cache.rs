//! Where tokens are kept: whose it is, what it is on, and whether it works.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Finding, Topic};
use crate::cache;
use crate::config::CacheSettings;

/// What is known of a directory.
struct Survey {
    dir: PathBuf,
    mode: u32,
    owner: u32,
    /// The kind of the file system, where the system tells.
    on: Option<String>,
    /// Bytes that are free.
    free: Option<u64>,
}

/// Looks at the cache's directory, and uses it as a mint would.
pub(super) fn findings(settings: &CacheSettings) -> Vec<Finding> {
    let Some(dir) = settings.dir.as_deref() else {
        return vec![match settings.nowhere() {
            Some(error) => Finding::as_warning(Topic::Cache, &error),
            None => Finding::note(
                Topic::Cache,
                "nothing is kept (--no-cache): every call makes a token",
            ),
        }];
    };
    // First, for it makes the directory where it is missing.
    let tried = cache::try_out(dir, settings.was_named);
    let mut findings = Vec::new();
    match Survey::of(dir) {
        Some(survey) => findings.extend(survey.findings()),
        None => {
            findings.push(Finding::note(Topic::Cache, format!("{} is not there", dir.display())))
        }
    }
    findings.push(match tried {
        Ok(()) => Finding::ok(Topic::Cache, "files can be written there, and locks hold"),
        Err(error) => Finding::as_warning(Topic::Cache, &error),
    });
    findings
}

impl Survey {
    fn of(dir: &Path) -> Option<Survey> {
        let about = std::fs::metadata(dir).ok()?;
        let real = dir.canonicalize().ok();
        let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok();
        let on =
            real.zip(mounts).and_then(|(dir, mounts)| Some(file_system(&mounts, &dir)?.to_owned()));
        let space = rustix::fs::statvfs(dir).ok();
        Some(Survey {
            dir: dir.to_owned(),
            mode: about.mode() & 0o7777,
            owner: about.uid(),
            on,
            free: space.map(|space| space.f_bavail.saturating_mul(space.f_frsize)),
        })
    }

    fn findings(&self) -> Vec<Finding> {
        let mut findings = vec![Finding::ok(
            Topic::Cache,
            format!("{}, mode {:04o}, owner {}", self.dir.display(), self.mode, self.owner),
        )];
        if let Some(on) = &self.on {
            let what = format!("it is on a file system of type {on}");
            findings.push(match is_remote(on) {
                false => Finding::ok(Topic::Cache, what),
                true => Finding::note(Topic::Cache, what)
                    .with_hint("whether locks hold between machines depends on its server"),
            });
        }
        if let Some(free) = self.free {
            let what = format!("{} MiB are free", free >> 20);
            findings.push(match free {
                0..ENOUGH => Finding::warning(Topic::Cache, what)
                    .with_hint("make room, or name another directory with --cache-dir"),
                _ => Finding::ok(Topic::Cache, what),
            });
        }
        findings
    }
}

/// Bytes: room for hundreds of tokens.
const ENOUGH: u64 = 1 << 20;

fn is_remote(kind: &str) -> bool {
    ["nfs", "cifs", "smb", "9p", "fuse", "afs", "ceph", "gluster", "lustre", "virtiofs"]
        .iter()
        .any(|remote| kind.starts_with(remote))
}

/// The type of the file system that `path`, absolute and without links, is on,
/// by Linux's table of mounts (proc(5), `/proc/pid/mountinfo`). Of two mounts
/// at one place the later covers the earlier.
fn file_system<'a>(mounts: &'a str, path: &Path) -> Option<&'a str> {
    let mount = |line: &'a str| {
        let (before, after) = line.split_once(" - ")?;
        let point = unescaped(before.split(' ').nth(4)?);
        let kind = after.split(' ').next()?;
        path.starts_with(&point).then(|| (Path::new(&point).components().count(), kind))
    };
    let mounts = mounts.lines().filter_map(mount);
    mounts.max_by_key(|(depth, _)| *depth).map(|(_, kind)| kind)
}

/// Blanks, tabs, line ends and backslashes are written in octal.
fn unescaped(point: &str) -> String {
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
        let on = |path: &str| file_system(MOUNTS, Path::new(path));
        assert_eq!(on("/homestead"), Some("ext4"));
        assert_eq!(on("/home/me"), Some("nfs4"));
        assert_eq!(on("/home/me/a b/c"), Some("overlay"));
        assert_eq!(file_system("", Path::new("/")), None);
    }

    #[test]
    fn remote_and_full_file_systems_are_pointed_out() {
        use crate::doctor::Level;
        let levels = |on: &str, free| {
            let survey = Survey {
                dir: "/x".into(),
                mode: 0o700,
                owner: 0,
                on: Some(on.into()),
                free: Some(free),
            };
            let findings = survey.findings();
            findings.iter().map(|finding| finding.level).collect::<Vec<_>>()
        };
        assert_eq!(levels("ext4", 1 << 30), [Level::Ok; 3]);
        assert_eq!(levels("nfs4", 1 << 30), [Level::Ok, Level::Note, Level::Ok]);
        assert_eq!(levels("xfs", 5), [Level::Ok, Level::Ok, Level::Warning]);
    }
}
