//! Directories that cannot be used: for the cache, and for the result.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::Report;
use crate::common::cloud::cloud;
use crate::common::process::Finished;
use crate::common::runner::Runner;
use crate::common::{missing, say};
use gc_token::internals::sandbox::SandboxConfig;

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_directory_that_is_none_is_named() {
    let cloud = cloud(SandboxConfig::default());
    let mut report = Report::default();
    let runner = Runner::of(&cloud).with_file("file", "");
    let get = |dir: &str| runner.run(&["get", "--cache-dir", dir]);
    report.failure("a file", &get("file"));
    report.failure("below a file", &get("file/below"));
    report.failure("below /dev/null", &get("/dev/null/below"));
    report.failure("with NUL in its name", &{
        let profile = "[nul]\ncache_dir = \"a\\u0000b\"\n";
        let runner = Runner::of(&cloud).with_file(".config/gc-token/config.toml", profile);
        runner.run(&["get", "--profile", "nul"])
    });
    let dir = runner.home().join("dir");
    fs::create_dir(&dir).unwrap();
    for open in [0o777, 0o770, 0o1777, 0o720] {
        mode(&dir, open);
        report.failure(&format!("mode {open:04o}"), &get("dir"));
    }
    symlink("nowhere", runner.home().join("link")).unwrap();
    report.failure("a link to nowhere", &get("link"));
    let list = ["cache", "list", "--cache-dir", "file"];
    report.failure("a file, to list", &runner.run(&list));
    assert_eq!(cloud.counters().mints, 0);
    insta::assert_snapshot!(report.0);
}

#[test]
fn a_directory_that_cannot_be_written_to_is_named() {
    let cloud = cloud(SandboxConfig::default());
    let mut runner = Runner::of(&cloud).with_file("dir/file", "");
    mode(&runner.home().join("dir"), 0o555);
    if is_root() {
        // Root writes everywhere.
        runner = runner.owned_by(54_321);
        std::os::unix::fs::chown(runner.home().join("dir"), Some(54_321), None).unwrap();
    }
    let mut report = Report::default();
    for dir in ["dir", "dir/below"] {
        report.failure(dir, &runner.run(&["get", "--cache-dir", dir]));
    }
    assert_eq!(cloud.counters().mints, 0);
    runner.run(&["get", "--no-cache"]).token();
    insta::assert_snapshot!(report.0);
}

#[test]
fn without_a_home_there_is_no_cache() {
    if !is_root() {
        return missing("root, to be a user without a home directory");
    }
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud).owned_by(54_321).unset("HOME");
    let mut report = Report::default();
    report.warning("get", &runner.run(&["get"]));
    report.failure("cache path", &runner.run(&["cache", "path"]));
    report.failure("--profile", &runner.run(&["get", "--profile", "x"]));
    runner.run(&["get", "--no-cache"]).token();
    runner.run(&["get", "--cache-dir", "here"]).token();
    insta::assert_snapshot!(report.0);
}

/// The token is good even if it cannot be kept.
#[test]
fn a_file_that_cannot_grow_costs_the_cache_and_not_the_token() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    let mut report = Report::default();
    let limited = "trap '' XFSZ; ulimit -f 0; exec gc-token get";
    report.warning("ulimit -f 0", &piped(&runner, limited));
    let left: Vec<_> = fs::read_dir(runner.cache()).unwrap().collect();
    assert_eq!(left.len(), 1, "only the lock is left: {left:?}");
    runner.cached("lock");
    insta::assert_snapshot!(report.0);
}

/// Uses a real file system, in a mount namespace that ends with the process.
#[test]
fn a_full_disk_costs_the_cache_and_not_the_token() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    fs::create_dir(runner.home().join("full")).unwrap();
    let mount = "unshare -rm sh -ec 'mount -t tmpfs -o size=4k,mode=700 tmpfs full; COMMAND'";
    let on_full_disk = |command| piped(&runner, &mount.replace("COMMAND", command));
    if !on_full_disk("true").status.success() {
        return say("NOT TESTED: nothing can be mounted here; a limit on files is tried instead");
    }
    let mut report = Report::default();
    let command = "gc-token get --cache-dir full; ls -A full >&2";
    report.warning(command, &on_full_disk(command));
    insta::assert_snapshot!(report.0);
}

/// Pipes the output: a limit on file sizes would apply to output files, too.
fn piped(runner: &Runner, script: &str) -> Finished {
    let script = format!("{{ ({script}) 2>&1 >&3 3>&- | cat >&2; }} 3>&1 | cat");
    runner.shell("bash", &format!("set -o pipefail; {script}"))
}

#[test]
fn a_result_that_cannot_be_written_is_a_failure() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    let mut report = Report::default();
    for verb in
        ["get", "env", "regions", "status", "cache path", "man", "completions bash", "--help"]
    {
        let script = format!("gc-token {verb} > /dev/full");
        report.failure(&script, &runner.shell("sh", &script));
    }
    let script = "external < query > /dev/full";
    let runner = runner.with_file("query", "{}");
    report.failure(script, &runner.shell("sh", &format!("gc-token {script}")));
    // The reader is gone before anything is written.
    let script = "mkfifo pipe; : < pipe & exec 3> pipe; wait; gc-token get >&3";
    report.failure("nobody reads", &runner.shell("sh", script));
    insta::assert_snapshot!(report.0);
}

#[test]
fn a_file_for_github_that_cannot_be_written_is_a_failure() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    let mut report = Report::default();
    for file in ["nope", ".", "/dev/full"] {
        let script = format!(
            "GITHUB_ENV={file} gc-token env --shell github > out; c=$?; \
                              test -s out && grep -qv -e '^::add-mask::' -e '^$' out && echo more; exit $c"
        );
        report.failure(file, &runner.shell("sh", &script));
    }
    insta::assert_snapshot!(report.0);
}

/// Some readers of the file, act among them, refuse a line without a variable.
#[test]
fn the_file_for_github_gets_no_empty_line_and_no_line_twice() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    let file = runner.home().join("github_env");
    let runner = runner.set("GITHUB_ENV", &file);
    for before in ["", "A=1\n", "A=1\r\n", "A=1"] {
        std::fs::write(&file, before).unwrap();
        for _ in 0..2 {
            let ended = runner.run(&["env", "--shell", "github", "--region", "eu-west-1"]);
            let masks = ended.succeeded().lines().filter(|it| it.starts_with("::add-mask::"));
            assert_eq!(masks.count(), 1);
        }
        let written = std::fs::read_to_string(&file).unwrap();
        let lines: Vec<_> = written.lines().filter(|line| *line != "A=1").collect();
        assert_eq!(lines.len(), 12, "{before:?}");
        for variable in lines.chunks(3) {
            let (name, end) = variable[0].split_once("<<").expect("it begins with a name");
            assert!(name.starts_with("GENESYSCLOUD_"), "{before:?}: {name}");
            assert_eq!(variable[2], end);
        }
    }
}

/// The runner obeys a command at the beginning of a line alone: a mask behind an
/// open line would be none, and the token in the log.
#[test]
fn a_mask_begins_a_line_whatever_was_printed_before() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud).with_file("file", "").set("GITHUB_ENV", "file");
    let ended = runner.shell("sh", "printf 'a token: '; gc-token env --shell github");
    let shown = ended.succeeded().to_owned();
    assert!(shown.starts_with("a token: \n::add-mask::"), "the mask is in mid-line");
}
