//! What happens when Terraform closes the gateway: open requests get their responses, and
//! warnings are shown.

use std::time::Duration;

use gc_token::internals::sandbox::{ConfigChange, Faults, SandboxConfig};

use super::rig::{call, without_vendor};
use crate::common::process::wait_until;
use crate::common::terraform::Tool;

#[test]
fn an_open_request_gets_its_response() {
    // The check of the new token, and the program's first call.
    let api_faults = "ok,ok,slow:3s".parse::<Faults>().unwrap().0;
    let plan = SandboxConfig { api_faults, ..SandboxConfig::default() };
    // curl goes on alone, and Terraform closes the gateway as soon as it is connected.
    let command = r#"
          (curl -sS -H @one/header -o one/late.json -w '%%{http_code}' "$URL/api/v2/tokens/me" \
            >one/status 2>&1; mv one/status one/late) >/dev/null 2>&1 &
          sleep 0.5
    "#;
    let Some(rig) = without_vendor(Tool::Terraform, plan, &call("one", "", command)) else {
        return;
    };
    rig.terraform.ok(&["apply", "-auto-approve"]);
    rig.wait_for("one/late");
    assert_eq!(rig.read("one/late"), "200");
    assert!(rig.read("one/late.json").contains("OAuthClient"));
}

#[test]
fn warnings_are_shown_at_the_end() {
    let plan = SandboxConfig { lifetime: Duration::from_secs(12), ..SandboxConfig::default() };
    let command = "until [ -e refused ]; do sleep 0.1; done";
    let Some(rig) = without_vendor(Tool::Terraform, plan, &call("one", "", command)) else {
        return;
    };
    let running = rig.terraform.start(&["apply", "-auto-approve"]);
    rig.wait_for("one/me.json");
    let secret = Some(String::from("another secret").into());
    rig.cloud.change(ConfigChange { client_secret: secret, ..ConfigChange::default() });
    let counters = || rig.cloud.counters();
    wait_until("a renewal is refused", || counters().token_requests > counters().mints);
    rig.terraform.write("refused", "");
    let said = running.wait();
    assert!(said.status.success(), "{said:?}");
    let warning = "Warning: gc-token: the token could not be renewed";
    assert!(said.stdout.contains(warning), "{said:?}");
}
