//! The ways in which a run ends: none leaves a process, a port or a file behind, and tokens of
//! the run alone are revoked.

use std::time::Duration;

use gc_token::internals::sandbox::{ConfigChange, Faults, SandboxConfig};

use super::rig::{assert_closed, call, without_vendor};
use crate::common::cloud::accepts;
use crate::common::process::wait_until;
use crate::common::terraform::{Running, Tool};
use crate::provider::rig::{Rig, interrupt, kill};

const ALONE: &str = "revoke_on_close = true";

fn rig(arguments: &str, command: &str) -> Option<Rig> {
    let blocks = call("one", arguments, command);
    without_vendor(Tool::Terraform, SandboxConfig::default(), &blocks)
}

#[test]
fn a_run_that_succeeds_closes_its_gateway() {
    let Some(rig) = rig(ALONE, "") else {
        return;
    };
    let shared = rig.shared_token();
    rig.terraform.ok(&["apply", "-auto-approve"]);
    // One to plan with, and one to apply with.
    assert_eq!(rig.cloud.counters().mints, 3);
    assert_all_is_over(&rig, &shared);
}

#[test]
fn the_tokens_of_renewals_are_revoked_as_well() {
    // Each is renewed after a few seconds, long before it expires.
    let arguments = "min_ttl = \"25s\"\nskew = \"1s\"\nrevoke_on_close = true";
    let blocks = call("one", arguments, "until [ -e renewed ]; do sleep 0.1; done");
    let plan = SandboxConfig { lifetime: Duration::from_secs(30), ..SandboxConfig::default() };
    let Some(rig) = without_vendor(Tool::Terraform, plan, &blocks) else {
        return;
    };
    let running = rig.terraform.start(&["apply", "-auto-approve"]);
    wait_until("the apply's token is renewed", || rig.cloud.counters().mints >= 3);
    rig.terraform.write("renewed", "");
    let said = running.wait();
    assert!(said.status.success(), "{said:?}");
    let counters = rig.cloud.counters();
    assert!(counters.mints >= 3, "{counters:?}");
    assert_eq!(counters.revocations, counters.mints);
    assert_eq!(rig.cloud.tokens(), [""; 0]);
}

#[test]
fn tokens_of_the_cache_are_shared_and_not_revoked() {
    let Some(rig) = rig("", "") else {
        return;
    };
    let shared = rig.shared_token();
    rig.terraform.ok(&["apply", "-auto-approve"]);
    assert_closed(&rig, "one");
    assert_eq!(rig.cloud.counters().mints, 1);
    assert_eq!(rig.cloud.counters().revocations, 0);
    assert_eq!(rig.shared_token(), shared);
    // The program was given a stand-in.
    let header = rig.read("one/header");
    assert!(header.len() > "Authorization: Bearer ".len() && !header.contains(&shared));
}

#[test]
fn a_run_with_a_failing_resource_ends_its_gateway() {
    let Some(rig) = rig(ALONE, "exit 3") else {
        return;
    };
    let shared = rig.shared_token();
    let error = rig.terraform.fails(&["apply", "-auto-approve"]);
    assert!(error.contains("exit status 3"), "{error}");
    assert_all_is_over(&rig, &shared);
}

#[test]
fn an_interrupted_run_ends_its_gateway() {
    cut_short(interrupt);
}

#[test]
fn the_gateway_of_a_killed_terraform_notices_and_ends() {
    cut_short(kill);
}

/// Ends a run in the middle of its work, with a request that is open.
fn cut_short(end: impl FnOnce(Running)) {
    let command = r#"
          until [ -e slow ]; do sleep 0.1; done
          exec curl -sS -H @one/header "$URL/api/v2/tokens/me"
    "#;
    let Some(rig) = rig(ALONE, command) else {
        return;
    };
    let shared = rig.shared_token();
    let running = rig.terraform.start(&["apply", "-auto-approve"]);
    rig.wait_for("one/me.json");
    assert_ne!(rig.plugins(), []);
    let api_faults = Some("slow:30s".parse::<Faults>().unwrap().0);
    rig.cloud.change(ConfigChange { api_faults, ..ConfigChange::default() });
    let calls = rig.cloud.counters().api_calls;
    rig.terraform.write("slow", "");
    wait_until("a request is open", || rig.cloud.counters().api_calls > calls);
    end(running);
    assert_all_is_over(&rig, &shared);
}

/// Asserts that nothing is left behind, and that only the shared token is still valid.
fn assert_all_is_over(rig: &Rig, shared: &str) {
    rig.assert_nothing_is_left();
    assert_closed(rig, "one");
    wait_until("the run's tokens are revoked", || {
        let counters = rig.cloud.counters();
        counters.revocations == counters.mints - 1
    });
    assert_eq!(rig.cloud.tokens(), [shared]);
    assert!(accepts(&rig.cloud, shared));
    assert_eq!(rig.shared_token(), shared);
}
