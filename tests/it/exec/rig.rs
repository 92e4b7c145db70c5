//! Commands that are run under `exec`, and what can be seen of them.

use std::path::{Path, PathBuf};

use gc_token::internals::sandbox::Sandbox;

use crate::common::process::{Running, wait_until};
use crate::common::runner::Runner;

/// Both forms in which gc-token stays.
pub(crate) const SERVED: [&str; 2] = ["--gateway", "--intercept"];

/// A machine that asks this cloud. What is temporary goes into HOME, so that
/// nothing of it can be missed.
pub(crate) fn runner(cloud: &Sandbox) -> Runner {
    let runner = Runner::of(cloud).set("GENESYSCLOUD_REGION", "eu-west-1");
    std::fs::create_dir(runner.home().join("tmp")).unwrap();
    let tmp = runner.home().join("tmp");
    runner.set("TMPDIR", tmp)
}

/// Starts a script of `sh`, with gc-token as its parent.
pub(crate) fn start(runner: &Runner, front: &str, script: &str) -> Running {
    runner.start(&["exec", front, "--", "sh", "-c", script])
}

/// Waits until the script has written this file below HOME, and reads it.
pub(crate) fn written(runner: &Runner, name: &str) -> String {
    let path = runner.home().join(name);
    let mut text = String::new();
    wait_until(&format!("{name} is written"), || {
        text = std::fs::read_to_string(&path).unwrap_or_default();
        text.ends_with('\n')
    });
    text.trim_end().to_owned()
}

/// Lists the temporary files.
pub(crate) fn left_behind(runner: &Runner) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(runner.home().join("tmp")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// The processes whose parent is this one.
pub(crate) fn children_of(pid: u32) -> Vec<u32> {
    let path = format!("/proc/{pid}/task/{pid}/children");
    let children = std::fs::read_to_string(path).unwrap_or_default();
    children.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
}

/// Reports whether the process exists and is not a zombie.
pub(crate) fn lives(pid: u32) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat"));
    stat.is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().starts_with(" Z"))
}
