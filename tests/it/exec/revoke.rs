//! `--revoke`: a run has tokens of its own, which end with it.

use gc_token::internals::sandbox::{Sandbox, SandboxConfig};
use rustix::process::Signal;
use std::time::Duration;

use super::rig::{left_behind, runner, written};
use crate::common::cloud::{accepts, cloud};
use crate::common::process::{Running, wait_until};
use crate::common::runner::Runner;

const MODES: [&[&str]; 3] = [&[], &["--gateway"], &["--intercept"]];

fn start(runner: &Runner, mode: &[&str], script: &str) -> Running {
    let args = [&["exec", "--revoke"], mode, &["--", "sh", "-c", script]].concat();
    runner.start(&args)
}

/// Asserts that the token of the cache is the only one that is left.
fn assert_all_is_revoked(cloud: &Sandbox, runner: &Runner, shared: &str) {
    assert_eq!(cloud.tokens(), [shared]);
    assert_eq!(runner.run(&["get"]).succeeded().trim_end(), shared);
    assert_eq!(left_behind(runner), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_command_that_ends_by_itself_leaves_no_token_behind() {
    let cloud = cloud(SandboxConfig::default());
    let runner = runner(&cloud);
    let shared = runner.run(&["get"]).succeeded().trim_end().to_owned();
    for mode in MODES {
        for (script, code) in [("exit 0", 0), ("exit 7", 7), ("kill -KILL $$", 137)] {
            let script = format!("echo \"$GENESYSCLOUD_ACCESS_TOKEN\" > token; {script}");
            let finished = start(&runner, mode, &script).finish();
            assert_eq!(finished.status.code(), Some(code), "{mode:?} {finished:#?}");
            assert!(!finished.stderr.contains("revoked"), "{finished:#?}");
            assert_ne!(written(&runner, "token"), shared);
            assert_all_is_revoked(&cloud, &runner, &shared);
        }
    }
    assert_eq!(cloud.counters().mints, 10);
    assert_eq!(cloud.counters().revocations, 9);
}

#[test]
fn a_command_that_a_signal_ends_leaves_no_token_behind() {
    let cloud = cloud(SandboxConfig::default());
    let runner = runner(&cloud);
    let shared = runner.run(&["get"]).succeeded().trim_end().to_owned();
    for (mode, signal) in MODES.into_iter().zip([Signal::TERM, Signal::INT, Signal::HUP]) {
        let running =
            start(&runner, mode, "echo \"$GENESYSCLOUD_ACCESS_TOKEN\" > begun; exec sleep 600");
        let token = written(&runner, "begun");
        if mode != ["--intercept"] {
            assert!(accepts(&cloud, &token));
        }
        std::fs::remove_file(runner.home().join("begun")).unwrap();
        running.signal(signal);
        assert_eq!(running.finish().status.code(), Some(128 + signal.as_raw()), "{mode:?}");
        assert_all_is_revoked(&cloud, &runner, &shared);
    }
}

#[test]
fn the_tokens_of_renewals_are_revoked_too() {
    let config = SandboxConfig { lifetime: Duration::from_secs(60), ..SandboxConfig::default() };
    let cloud = cloud(config);
    let runner = runner(&cloud);
    let shared = runner.run(&["get"]).succeeded().trim_end().to_owned();
    let running = start(
        &runner,
        &["--gateway"],
        "echo > begun; until [ -e renew ]; do sleep 0.05; done
         curl -fsS -o me.json -H \"Authorization: Bearer $GENESYSCLOUD_ACCESS_TOKEN\" \\
           \"$GC_TOKEN_GATEWAY_URL/api/v2/tokens/me\"
         echo $? > done",
    );
    written(&runner, "begun");
    // The gateway meets a 401 and renews.
    cloud.revoke_all();
    std::fs::write(runner.home().join("renew"), "").unwrap();
    assert_eq!(written(&runner, "done"), "0");
    running.finish().succeeded();
    assert_eq!(cloud.counters().mints, 3);
    assert_eq!(cloud.tokens(), [""; 0]);
    assert!(!accepts(&cloud, &shared));
}

#[test]
fn a_token_that_cannot_be_revoked_is_a_warning() {
    for mode in MODES {
        let cloud = cloud(SandboxConfig::default());
        let runner = runner(&cloud);
        let running =
            start(&runner, mode, "echo > begun; until [ -e end ]; do sleep 0.05; done; exit 7");
        written(&runner, "begun");
        drop(cloud);
        std::fs::write(runner.home().join("end"), "").unwrap();
        let finished = running.finish();
        assert_eq!(finished.status.code(), Some(7), "{mode:?} {finished:#?}");
        let warning = "warning: the token of this run was not revoked, and is valid until it expires: \
                       could not revoke the token at ";
        assert!(finished.stderr.contains(warning), "{mode:?} {finished:#?}");
    }
}

#[test]
fn a_run_that_fails_before_its_command_leaves_no_token_behind() {
    let cloud = cloud(SandboxConfig::default());
    let runner = runner(&cloud);
    let finished = runner.run(&["exec", "--revoke", "--", "no-such-command"]);
    assert_eq!(finished.status.code(), Some(127));
    assert_eq!(cloud.counters().mints, 0);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = format!("--listen={}", taken.local_addr().unwrap());
    let finished = runner.run(&["exec", "--revoke", "--gateway", &listen, "--", "true"]);
    assert_eq!(finished.status.code(), Some(3), "{finished:#?}");
    // A token that is too short is minted, and not handed out.
    let finished = runner.run(&["exec", "--revoke", "--min-ttl=3d", "--", "true"]);
    assert_eq!(finished.status.code(), Some(7), "{finished:#?}");
    assert_eq!(cloud.counters().mints, 2);
    assert_eq!(cloud.tokens(), [""; 0]);
}

#[test]
fn without_an_api_nothing_is_minted() {
    let cloud = cloud(SandboxConfig::default());
    let runner = runner(&cloud).unset("GC_TOKEN_API_URL").unset("GENESYSCLOUD_REGION");
    let finished = runner.run(&["exec", "--revoke", "--", "true"]);
    assert_eq!(finished.status.code(), Some(2), "{finished:#?}");
    assert!(finished.stderr.contains("--revoke"), "{finished:#?}");
    assert_eq!(cloud.counters().token_requests, 0);
}

#[test]
fn a_gateway_that_is_stopped_leaves_no_token_behind() {
    let cloud = cloud(SandboxConfig::default());
    let runner = runner(&cloud);
    let shared = runner.run(&["get"]).succeeded().trim_end().to_owned();
    let mut running = runner.start(&["gateway", "--revoke"]);
    running.wait_until_it_prints("GC_TOKEN_GATEWAY_URL");
    assert_eq!(cloud.tokens().len(), 2);
    running.signal(Signal::TERM);
    running.finish().succeeded();
    assert_all_is_revoked(&cloud, &runner, &shared);
}

/// A pipeline may be cancelled at any moment.
#[test]
fn a_signal_during_the_mint_leaves_no_token_behind() {
    for slow in [
        SandboxConfig { latency: Duration::from_secs(2), ..SandboxConfig::default() },
        SandboxConfig { api_latency: Duration::from_secs(2), ..SandboxConfig::default() },
    ] {
        let cloud = cloud(slow);
        let runner = runner(&cloud);
        for args in [&["exec", "--revoke", "--", "touch", "begun"][..], &["gateway", "--revoke"]] {
            let before = cloud.counters().token_requests;
            let running = runner.start(args);
            wait_until("a token is requested", || cloud.counters().token_requests > before);
            running.signal(Signal::TERM);
            let code = if args[0] == "exec" { 143 } else { 0 };
            let finished = running.finish();
            assert_eq!(finished.status.code(), Some(code), "{finished:#?}");
            assert_eq!(finished.stdout, "");
            wait_until("no token is left", || {
                let counters = cloud.counters();
                counters.mints == counters.token_requests && counters.revocations == counters.mints
            });
            assert_eq!(cloud.tokens(), [""; 0]);
            assert!(!runner.home().join("begun").exists());
        }
    }
}

/// The API counts a revocation as a call.
#[test]
fn tokens_that_are_used_up_are_revoked_when_their_window_is_over() {
    let rate = "20/4s".parse().ok();
    let cloud = cloud(SandboxConfig { rate, ..SandboxConfig::default() });
    let runner = runner(&cloud);
    let script = "i=0; while [ $i -lt 50 ]; do i=$((i+1))
         curl -sS -o /dev/null -H \"Authorization: Bearer $GENESYSCLOUD_ACCESS_TOKEN\" \\
           \"$GC_TOKEN_GATEWAY_URL/api/v2/routing/skills\"
         done";
    let args =
        ["exec", "--revoke", "--gateway", "--rate=20", "--tokens=4", "--", "sh", "-c", script];
    let finished = runner.run(&args);
    finished.succeeded();
    assert!(!finished.stderr.contains("not revoked"), "{finished:#?}");
    let counters = cloud.counters();
    assert!(counters.mints >= 2, "{counters:?}");
    assert_eq!(counters.revocations, counters.mints);
    assert_eq!(cloud.tokens(), [""; 0]);
}

#[test]
fn a_signal_ends_the_wait_for_the_rate_limit() {
    let rate = "3/60s".parse().ok();
    let cloud = cloud(SandboxConfig { rate, ..SandboxConfig::default() });
    let runner = runner(&cloud).set("GC_TOKEN_VERIFY", "never");
    let script = "for i in 1 2 3; do
         printf 'Authorization: Bearer %s' \"$GENESYSCLOUD_ACCESS_TOKEN\" |
           curl -sS -o /dev/null -H @- \"$GC_TOKEN_API_URL/api/v2/tokens/me\"
         done; exit 7";
    let mut running = runner.start(&["exec", "--revoke", "--", "sh", "-c", script]);
    running.wait_until_it_says("waiting until it can be revoked");
    running.signal(Signal::INT);
    let finished = running.finish();
    assert_eq!(finished.status.code(), Some(7), "{finished:#?}");
    let warning = "warning: a signal ended the run before all of its tokens were revoked\n";
    assert!(finished.stderr.ends_with(warning), "{finished:#?}");
}
