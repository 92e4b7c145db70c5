//! The ways in which a run ends. Whichever it is, nothing is left behind, a
//! token of the run alone is revoked, and the shared one is left alone.

use gc_token::internals::sandbox::SandboxConfig;

use crate::common::cloud::accepts;
use crate::common::process::wait_until;
use crate::common::terraform::{Running, Tool};
use crate::provider::rig::{Rig, USES, interrupt, kill};

const ALONE: &str = "revoke_on_close = true";

/// `USES`, with another command after the call, and a file that shows that it
/// has come so far.
fn uses_and(command: &str) -> String {
    USES.replace(
        "-o me.json \"$API/api/v2/tokens/me\"",
        &format!("-o me.part \"$API/api/v2/tokens/me\"\nmv me.part me.json\n{command}"),
    )
}

#[test]
fn a_run_that_succeeds_revokes_its_tokens() {
    let Some(rig) = Rig::new(Tool::Terraform, SandboxConfig::default(), ALONE, USES) else {
        return;
    };
    let shared = rig.shared_token();
    rig.terraform.ok(&["apply", "-auto-approve"]);
    // One to plan with, and one to apply with.
    assert_eq!(rig.cloud.counters().mints, 3);
    assert_all_is_over(&rig, &shared);
}

#[test]
fn a_token_of_the_cache_is_not_revoked() {
    let Some(rig) = Rig::new(Tool::Terraform, SandboxConfig::default(), "", USES) else {
        return;
    };
    let shared = rig.shared_token();
    rig.terraform.ok(&["apply", "-auto-approve"]);
    assert_eq!(rig.cloud.counters().mints, 1);
    assert_eq!(rig.cloud.counters().revocations, 0);
    assert_eq!(rig.shared_token(), shared);
}

#[test]
fn a_run_with_a_failing_resource_revokes_its_tokens() {
    let Some(rig) = Rig::new(Tool::Terraform, SandboxConfig::default(), ALONE, &uses_and("exit 3"))
    else {
        return;
    };
    let shared = rig.shared_token();
    let error = rig.terraform.fails(&["apply", "-auto-approve"]);
    assert!(error.contains("exit status 3"), "{error}");
    assert_all_is_over(&rig, &shared);
}

#[test]
fn an_interrupted_run_revokes_its_tokens() {
    cut_short(interrupt);
}

#[test]
fn the_plugins_of_a_killed_terraform_notice_and_revoke() {
    cut_short(kill);
}

/// Ends a run in the middle of its work.
fn cut_short(end: impl FnOnce(Running)) {
    let rest = uses_and("exec sleep 20");
    let Some(rig) = Rig::new(Tool::Terraform, SandboxConfig::default(), ALONE, &rest) else {
        return;
    };
    let shared = rig.shared_token();
    let running = rig.terraform.start(&["apply", "-auto-approve"]);
    rig.wait_for("me.json");
    assert_ne!(rig.plugins(), []);
    end(running);
    assert_all_is_over(&rig, &shared);
}

/// Asserts that nothing is left behind, and that only the shared token is still valid.
fn assert_all_is_over(rig: &Rig, shared: &str) {
    rig.assert_nothing_is_left();
    wait_until("the run's tokens are revoked", || {
        let counters = rig.cloud.counters();
        counters.revocations == counters.mints - 1
    });
    assert_eq!(rig.cloud.tokens(), [shared]);
    assert!(accepts(&rig.cloud, shared));
    assert_eq!(rig.shared_token(), shared);
}
