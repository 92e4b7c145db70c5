//! Where tokens are kept: whose it is, what it is on, and whether it works.

use std::path::{Path, PathBuf};

use super::{Finding, Topic};
use crate::cache;
use crate::config::CacheSettings;
use crate::platform::{FileSystem, describe_access, file_system};

struct Survey {
    dir: PathBuf,
    /// The owner and who else may use the directory.
    access: String,
    file_system: FileSystem,
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
    let tried = cache::self_test(dir, settings.was_named);
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
        let access = describe_access(&std::fs::metadata(dir).ok()?);
        Some(Survey { dir: dir.to_owned(), access, file_system: file_system(dir) })
    }

    fn findings(&self) -> Vec<Finding> {
        let mut findings =
            vec![Finding::ok(Topic::Cache, format!("{}, {}", self.dir.display(), self.access))];
        if let Some(kind) = &self.file_system.kind {
            let what = format!("it is on a file system of type {kind}");
            findings.push(match is_remote(kind) {
                false => Finding::ok(Topic::Cache, what),
                true => Finding::note(Topic::Cache, what)
                    .with_hint("whether locks hold between machines depends on its server"),
            });
        }
        if let Some(free) = self.file_system.free {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remote_and_full_file_systems_are_pointed_out() {
        use crate::doctor::Level;
        let levels = |kind: &str, free| {
            let file_system = FileSystem { kind: Some(kind.into()), free: Some(free) };
            let access = "mode 0700, owner 0".to_owned();
            let survey = Survey { dir: "/x".into(), access, file_system };
            let findings = survey.findings();
            findings.iter().map(|finding| finding.level).collect::<Vec<_>>()
        };
        assert_eq!(levels("ext4", 1 << 30), [Level::Ok; 3]);
        assert_eq!(levels("nfs4", 1 << 30), [Level::Ok, Level::Note, Level::Ok]);
        assert_eq!(levels("xfs", 5), [Level::Ok, Level::Ok, Level::Warning]);
    }
}
