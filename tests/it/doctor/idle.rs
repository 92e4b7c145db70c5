//! Tokens that nobody has used for long: they look fresh, and may be revoked.

use std::time::Duration;

use gc_token::internals::sandbox::SandboxConfig;
use serde_json::Value;

use crate::common::cloud::{accepts, cloud};
use crate::common::runner::Runner;
use crate::doctor::report::Report;

/// Tokens of this cloud are revoked when they are not used for a second.
fn strict() -> gc_token::internals::sandbox::Sandbox {
    let idle_timeout = Some(Duration::from_secs(1));
    cloud(SandboxConfig { idle_timeout, ..SandboxConfig::default() })
}

fn wait() {
    std::thread::sleep(Duration::from_millis(1_100));
}

#[test]
fn an_idle_token_is_replaced_where_it_was_revoked_and_the_timeout_is_known() {
    let cloud = strict();
    let runner = Runner::of(&cloud);
    let first = runner.run(&["get"]).token().to_owned();
    wait();
    assert_eq!(runner.run(&["get"]).token(), first, "nobody told it of the timeout");
    assert!(!accepts(&cloud, &first), "it is dead");
    let runner = runner.set("GC_TOKEN_IDLE_TIMEOUT", "1s");
    let second = runner.run(&["get"]).token().to_owned();
    assert_ne!(second, first);
    wait();
    let finished = runner.run_on(&["external"], br#"{"idle_timeout":"1s"}"#);
    assert!(!finished.succeeded().contains(&second), "it was idle, too");
}

#[test]
fn an_idle_token_that_lives_is_reused_after_one_call_that_counts() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud).set("GC_TOKEN_IDLE_TIMEOUT", "1s");
    let first = runner.run(&["get"]).token().to_owned();
    assert_eq!(cloud.counters().api_calls, 1);
    wait();
    assert_eq!(runner.run(&["get"]).token(), first);
    assert_eq!((cloud.counters().api_calls, cloud.counters().mints), (2, 1));
    wait();
    let finished = runner.run(&["get", "-v"]);
    let says = "cached token: stale: last known use 1s ago, and the idle timeout is 1s";
    assert!(finished.stderr.contains(says), "{finished:#?}");
    assert_eq!(finished.succeeded().trim_end(), first);
}

#[test]
fn status_tells_of_the_last_use() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    runner.run(&["get", "--verify=never"]).token();
    let table = runner.run(&["status", "--idle-timeout=30m"]).succeeded().to_owned();
    let line = table.lines().find(|line| line.starts_with("used ")).expect("there is one");
    assert!(line.ends_with("idle timeout 30m, from --idle-timeout"), "{line}");
    assert!(!runner.run(&["status"]).succeeded().contains("\nused "));
    let json = runner.run(&["status", "--json", "--idle-timeout=30m"]);
    let json: Value = serde_json::from_str(json.succeeded()).unwrap();
    assert_eq!(json["idle_timeout"], 1_800.0);
    assert!(json["unused"].is_number(), "{json}");
    wait();
    let table = runner.run(&["status", "--idle-timeout=1s"]).succeeded().to_owned();
    assert!(table.ends_with("would be reused if the API accepts it, else would mint\n"), "{table}");
    let table = runner.run(&["status", "--idle-timeout=1s", "--verify=never"]);
    assert!(table.succeeded().ends_with("the idle timeout is 1s: would mint\n"), "{table:#?}");
}

#[test]
fn doctor_tells_of_the_timeout_and_of_a_token_that_may_be_revoked() {
    let cloud = strict();
    let runner = Runner::of(&cloud);
    runner.run(&["get"]).token();
    wait();
    Report::of(&runner, &[])
        .exits_with(8)
        .says("settings", "ok", "idle-timeout: none, by default")
        .says("token", "failure", "set --idle-timeout");
    Report::of(&runner, &["--idle-timeout=1s"])
        .says("settings", "ok", "idle-timeout: 1s, from --idle-timeout")
        .says("token", "note", "the cached token is stale: last known use ")
        .says("token", "ok", "a new token was minted");
}

#[test]
fn a_timeout_that_means_nothing_is_refused_by_name() {
    for (value, says) in [
        ("0s", "--idle-timeout: \"0s\" must be greater than 0"),
        ("soon", "--idle-timeout: \"soon\" is not a duration"),
    ] {
        let finished =
            Runner::of(&cloud(SandboxConfig::default())).run(&["get", "--idle-timeout", value]);
        assert_eq!((finished.status.code(), &*finished.stdout), (Some(2), ""));
        assert!(finished.stderr.contains(says), "{finished:#?}");
    }
}
