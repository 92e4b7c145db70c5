//! What other users of the machine, and other programs, can see of a running
//! process.

use std::fs;

use gc_token::internals::sandbox::SandboxConfig;

use super::{SOURCES, talkative, without};
use crate::common::cloud::{SECRET, cloud};
use crate::common::gate::Gate;
use crate::common::process::wait_until;
use crate::common::runner::Runner;
use crate::common::{guard, missing};

/// Other users of a machine can read every process's arguments.
#[test]
fn no_process_has_a_secret_in_its_arguments() {
    if !fs::exists("/proc/self/cmdline").unwrap() {
        return missing("/proc");
    }
    let cloud = cloud(SandboxConfig::default());
    for source in SOURCES.iter().filter(|source| source.stdin != SECRET) {
        let gate = Gate::before(&cloud.login_url());
        let runner = talkative(&cloud, source).at(&gate.url());
        let running = runner.start(&["get"]);
        gate.wait_for(1);
        assert!(search_arguments() > 1);
        gate.open();
        running.finish().succeeded();
    }
}

/// The command that prints the secret gets the user's environment, and
/// nothing from us.
#[test]
fn the_secret_command_is_told_nothing() {
    if !fs::exists("/proc/self/environ").unwrap() {
        return missing("/proc");
    }
    let cloud = cloud(SandboxConfig::default());
    let script = "#!/bin/sh\necho $$ > .cache/pid.new; mv .cache/pid.new .cache/pid\n\
                  while [ -e .cache/made ] && ! [ -e .cache/go ]; do sleep 0.01; done; cat secret\n";
    let profile = "[default]\nclient_secret_command = ['sh', '.config/command']\n";
    let runner = without(Runner::of(&cloud))
        .with_file("secret", SECRET)
        .with_file(".config/command", script)
        .with_file(".config/gc-token/config.toml", profile)
        .with_file(".cache/made", "");
    let running = runner.start(&["get", "-vv"]);
    let pid = runner.home().join(".cache/pid");
    wait_until("the command runs", || pid.exists());
    for pid in [fs::read_to_string(pid).unwrap().trim(), &running.pid().to_string()] {
        let place = format!("/proc/{pid}/environ");
        let environment = match fs::read(&place) {
            // An ordinary user cannot look into gc-token itself.
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => continue,
            read => read.unwrap(),
        };
        assert!(!environment.is_empty());
        guard::holds_no_secret(&environment, &place);
    }
    assert!(search_arguments() > 2);
    let _runner = runner.with_file(".cache/go", "");
    running.finish().succeeded();
}

/// Searches the arguments of every process; returns how many there were.
fn search_arguments() -> usize {
    let processes = fs::read_dir("/proc").unwrap();
    let paths = processes.map(|entry| entry.unwrap().path().join("cmdline"));
    // Those that have ended in the meantime have nothing to show any more.
    let searched = paths.filter_map(|path| Some((fs::read(&path).ok()?, path)));
    searched
        .inspect(|(arguments, path)| {
            guard::holds_no_secret(arguments, &path.display().to_string());
            guard::holds_no_token(arguments, &path.display().to_string());
        })
        .count()
}
