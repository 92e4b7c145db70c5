//! What is left when somebody is killed: nothing.

use std::net::TcpStream;

use gc_token::internals::sandbox::SandboxConfig;
use rustix::process::{Pid, Signal, kill_process};

use super::rig::{SERVED, children_of, left_behind, lives, runner, start, written};
use crate::common::cloud::cloud;
use crate::common::process::wait_until;

fn kill(pid: u32) {
    kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), Signal::KILL).unwrap();
}

/// Tells where the proxy is, and waits for the end of gc-token.
const SCRIPT: &str = "trap 'echo ended > ended; exit' TERM
    echo \"${GENESYSCLOUD_GATEWAY_PORT:-${HTTPS_PROXY##*:}}\" > port
    while :; do sleep 0.05; done";

#[test]
fn a_parent_that_is_killed_leaves_nothing() {
    let cloud = cloud(SandboxConfig::default());
    for front in SERVED {
        let runner = runner(&cloud);
        let running = start(&runner, front, SCRIPT);
        let port: u16 = written(&runner, "port").parse().unwrap();
        TcpStream::connect(("127.0.0.1", port)).expect("it listens");
        let family = children_of(running.pid());
        assert_eq!(family.len(), 2, "the command and the watchdog");
        assert_eq!(left_behind(&runner).len(), usize::from(front == "--intercept"));
        running.kill();
        // The command could end in good order.
        assert_eq!(written(&runner, "ended"), "ended");
        wait_until("all are gone", || !family.iter().any(|pid| lives(*pid)));
        wait_until("nothing is left", || left_behind(&runner).is_empty());
        TcpStream::connect(("127.0.0.1", port)).expect_err("it does not listen");
    }
}

#[test]
fn a_command_that_does_not_want_to_end_is_ended() {
    let cloud = cloud(SandboxConfig::default());
    let runner = runner(&cloud);
    let script = "trap '' TERM INT HUP; echo > port; while :; do sleep 0.05; done";
    let running = start(&runner, "--intercept", script);
    written(&runner, "port");
    let family = children_of(running.pid());
    running.kill();
    wait_until("all are gone", || !family.iter().any(|pid| lives(*pid)));
    assert_eq!(left_behind(&runner), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_watchdog_that_is_killed_does_no_harm() {
    let cloud = cloud(SandboxConfig::default());
    let runner = runner(&cloud);
    let script = "echo $$ > pid; until [ -e go ]; do sleep 0.05; done; exit 3";
    let running = start(&runner, "--intercept", script);
    let command: u32 = written(&runner, "pid").parse().unwrap();
    let family = children_of(running.pid());
    let watchdog = family.into_iter().find(|pid| *pid != command).unwrap();
    kill(watchdog);
    std::fs::write(runner.home().join("go"), "").unwrap();
    assert_eq!(running.finish().status.code(), Some(3));
    assert_eq!(left_behind(&runner), Vec::<std::path::PathBuf>::new());
}

#[test]
fn background_processes_of_the_command_stay() {
    let cloud = cloud(SandboxConfig::default());
    let runner = runner(&cloud);
    let script = "(until [ -e go ]; do sleep 0.05; done; echo done > done) &
        echo $! > pid";
    let running = start(&runner, "--gateway", script);
    assert_eq!(running.finish().status.code(), Some(0));
    assert!(lives(written(&runner, "pid").parse().unwrap()));
    std::fs::write(runner.home().join("go"), "").unwrap();
    assert_eq!(written(&runner, "done"), "done");
}
