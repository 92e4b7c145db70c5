//! The installation that every recipe has, by itself, in several shells.

use std::fs;

use super::project::{Project, credentials};
use crate::common::{missing, program};

const SHELLS: [&[&str]; 3] = [&["dash"], &["bash"], &["busybox", "sh"]];

#[test]
fn it_installs_what_is_pinned_and_nothing_else() {
    let Some(project) = Project::new("atlantis") else { return };
    for shell in SHELLS {
        if program(shell[0]).is_none() {
            missing(shell[0]);
            continue;
        }
        let bin = project.path("tmp").join(shell[0]);
        let (ok, log) = install(&project, shell, &bin);
        assert!(ok, "{shell:?}: {log}");
        let files = fs::read_dir(&bin).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(files.collect::<Vec<_>>(), ["gc-token"], "{shell:?}");
        let mut version = project.command(bin.join("gc-token"));
        assert!(project.run(version.arg("--version")).0);
    }
}

#[test]
fn a_changed_archive_is_refused_in_each_shell() {
    let Some(project) = Project::new("atlantis") else { return };
    project.spoil_archive();
    for shell in SHELLS.into_iter().filter(|shell| program(shell[0]).is_some()) {
        let bin = project.path("tmp").join(shell[0]);
        let (ok, log) = install(&project, shell, &bin);
        assert!(!ok && log.contains("download.tar.gz: FAILED"), "{shell:?}: {log}");
        assert!(!bin.join("gc-token").exists(), "{shell:?}");
    }
}

#[test]
fn nothing_is_downloaded_without_a_checksum() {
    let Some(project) = Project::new("atlantis") else { return };
    let script = project.repo().join("install-gc-token.sh");
    let text = fs::read_to_string(&script).unwrap();
    let is_pin = |line: &str| line.starts_with("SHA256_");
    let unpinned: String =
        text.lines().filter(|line| !is_pin(line)).map(|line| format!("{line}\n")).collect();
    fs::write(&script, unpinned.replacen("BIN=", "SHA256_X86_64= SHA256_AARCH64= BIN=", 1))
        .unwrap();
    let bin = project.path("tmp").join("bin");
    let (ok, log) = install(&project, &["sh"], &bin);
    assert!(!ok && log.contains("no checksum is pinned for gc-token-"), "{log}");
    assert!(!bin.exists());
}

fn install(project: &Project, shell: &[&str], bin: &std::path::Path) -> (bool, String) {
    let mut command = project.command(shell[0]);
    command.args(&shell[1..]).arg("install-gc-token.sh").arg(bin).envs(credentials());
    project.run(&mut command)
}
