//! Tokens that are revoked when nobody uses them.

use std::time::Duration;

use gc_token::internals::sandbox::SandboxConfig;

use crate::common::cloud::cloud;
use crate::common::process::wait_until;
use crate::common::runner::Runner;
use crate::gateway::rig::Front;

#[test]
fn a_gateway_without_traffic_keeps_its_token_alive() {
    let idle_timeout = Some(Duration::from_secs(3));
    let cloud = cloud(SandboxConfig { idle_timeout, ..SandboxConfig::default() });
    let front = Front::start(Runner::of(&cloud), &["--idle-timeout=3s"]);
    // One about the new token, and three to keep it alive: by then it would have been
    // revoked for long without them.
    wait_until("three calls were made", || cloud.counters().api_calls >= 4);
    assert_eq!(front.get("/api/v2/tokens/me").status, 200);
    let counters = cloud.counters();
    assert_eq!((counters.mints, counters.refusals), (1, 0), "{counters:?}");
    // Those, the last one, and what an interval more may have brought.
    assert!(counters.api_calls <= 7, "{counters:?}");
    assert_eq!(front.finish().stderr, "");
}

/// The use shows in the shared cache.
#[test]
fn a_request_through_the_gateway_is_a_use_of_the_token() {
    let cloud = cloud(SandboxConfig::default());
    let args = ["--idle-timeout=8s", "--verify=never"];
    let front = Front::start(Runner::of(&cloud), &args);
    let used = |runner: &Runner| {
        let entry = std::fs::read(runner.cached("token")).unwrap();
        let header = entry.split(|byte| *byte == b'\n').nth(1).unwrap();
        let header: serde_json::Value = serde_json::from_slice(header).unwrap();
        header["stamp"]["used"].clone()
    };
    assert!(used(&front.runner).is_null(), "it is new");
    // An eighth of the timeout, for each write replaces a file.
    std::thread::sleep(Duration::from_millis(1_100));
    assert_eq!(front.get("/api/v2/tokens/me").status, 200);
    let (_, runner) = front.finish_and_keep();
    assert!(!used(&runner).is_null());
    // The entry is still one.
    assert_eq!(runner.run(&["get"]).token().len(), 86);
    assert_eq!(cloud.counters().mints, 1);
}
