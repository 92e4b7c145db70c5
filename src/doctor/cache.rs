//! The cache directory: owner, file system, and whether it works.

use std::path::{Path, PathBuf};

use super::{Finding, Topic};
use crate::cache;
use crate::config::CacheSettings;
use crate::error::Error;
use crate::platform::{FileSystem, describe_access, file_system};

struct CacheDirectory {
    path: PathBuf,
    /// Describes mode and owner.
    access: String,
    file_system: FileSystem,
}

/// Writes to the cache directory as a mint would, and creates it if it is missing.
pub(super) fn find_fault(settings: &CacheSettings) -> Option<Error> {
    match settings.dir.as_deref() {
        Some(dir) => cache::self_test(dir, settings.was_named).err(),
        None => settings.missing_directory(),
    }
}

/// Describes the cache directory, whose fault has been searched for.
pub(super) fn findings(settings: &CacheSettings, fault: Option<&Error>) -> Vec<Finding> {
    let directory = settings.dir.as_deref().and_then(CacheDirectory::examine);
    let mut findings = directory.map(|directory| directory.findings()).unwrap_or_default();
    findings.push(match fault {
        Some(error) => Finding::as_warning(Topic::Cache, error),
        None if settings.dir.is_none() => {
            Finding::note(Topic::Cache, "caching is off (--no-cache): every call mints a token")
        }
        None => Finding::ok(Topic::Cache, "files can be written there, and locks hold"),
    });
    findings
}

impl CacheDirectory {
    fn examine(path: &Path) -> Option<CacheDirectory> {
        let access = describe_access(&std::fs::metadata(path).ok()?);
        Some(CacheDirectory { path: path.to_owned(), access, file_system: file_system(path) })
    }

    fn findings(&self) -> Vec<Finding> {
        let mut findings =
            vec![Finding::ok(Topic::Cache, format!("{}, {}", self.path.display(), self.access))];
        if let Some(kind) = &self.file_system.kind {
            let message = format!("it is on a file system of type {kind}");
            findings.push(if is_remote(kind) {
                Finding::note(Topic::Cache, message)
                    .with_hint("whether locks hold between machines depends on its server")
            } else {
                Finding::ok(Topic::Cache, message)
            });
        }
        if let Some(free) = self.file_system.free {
            let message = format!("{} MiB are free", free >> 20);
            findings.push(if free < MIN_FREE_SPACE {
                Finding::warning(Topic::Cache, message)
                    .with_hint("free some space, or name another directory with --cache-dir")
            } else {
                Finding::ok(Topic::Cache, message)
            });
        }
        findings
    }
}

/// Bytes, enough for hundreds of tokens.
const MIN_FREE_SPACE: u64 = 1 << 20;

fn is_remote(kind: &str) -> bool {
    ["nfs", "cifs", "smb", "9p", "fuse", "afs", "ceph", "gluster", "lustre", "virtiofs"]
        .iter()
        .any(|remote| kind.starts_with(remote))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remote_and_full_file_systems_are_pointed_out() {
        use crate::doctor::FindingLevel as Level;
        let levels = |kind: &str, free| {
            let file_system = FileSystem { kind: Some(kind.into()), free: Some(free) };
            let access = "mode 0700, owner 0".to_owned();
            let directory = CacheDirectory { path: "/x".into(), access, file_system };
            let findings = directory.findings();
            findings.iter().map(|finding| finding.level).collect::<Vec<_>>()
        };
        assert_eq!(levels("ext4", 1 << 30), [Level::Ok; 3]);
        assert_eq!(levels("nfs4", 1 << 30), [Level::Ok, Level::Note, Level::Ok]);
        assert_eq!(levels("xfs", 5), [Level::Ok, Level::Ok, Level::Warning]);
    }
}
