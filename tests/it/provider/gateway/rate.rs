//! More calls than the API takes with one token in a minute.

use gc_token::internals::sandbox::SandboxConfig;

use super::rig::{call, without_vendor};
use crate::common::terraform::Tool;

#[test]
fn a_gateway_takes_further_tokens_and_revokes_all_of_them() {
    let plan = SandboxConfig { rate: Some("4/8s".parse().unwrap()), ..SandboxConfig::default() };
    let arguments = "tokens = 4\nrate = 4\nrevoke_on_close = true";
    let command = r#"
          for number in $(seq 11); do
            curl -fsS -H @one/header -o one/again.json "$URL/api/v2/tokens/me"
          done
    "#;
    let blocks = call("one", arguments, command);
    let Some(rig) = without_vendor(Tool::Terraform, plan, &blocks) else {
        return;
    };
    let said = rig.terraform.ok(&["apply", "-auto-approve"]);
    assert!(!said.contains("not revoked"), "{said}");
    let counters = rig.cloud.counters();
    // One to plan with, and further ones for the rate. The API counts a revocation, too.
    assert!((3..=5).contains(&counters.mints), "{counters:?}");
    assert_eq!(counters.revocations, counters.mints, "{counters:?}");
    assert_eq!(rig.cloud.tokens(), [""; 0]);
    rig.assert_nothing_is_left();
}

#[test]
fn with_one_token_the_client_gets_the_429() {
    let plan = SandboxConfig { rate: Some("4/60s".parse().unwrap()), ..SandboxConfig::default() };
    let command = r#"
          for number in $(seq 9); do
            curl -sS -H @one/header -o one/again.json -w '%%{http_code}\n' \
              "$URL/api/v2/tokens/me" >> one/statuses
          done
    "#;
    let blocks = call("one", "tokens = 1\nrate_wait = \"0s\"", command);
    let Some(rig) = without_vendor(Tool::Terraform, plan, &blocks) else {
        return;
    };
    rig.terraform.ok(&["apply", "-auto-approve"]);
    assert!(rig.read("one/statuses").contains("429"));
    assert_eq!(rig.cloud.counters().mints, 1);
}
