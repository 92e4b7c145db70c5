//! A gateway whose configuration is known only after apply.

use gc_token::internals::sandbox::SandboxConfig;

use super::rig::{call, with_vendor, without_vendor};
use crate::common::page;
use crate::common::terraform::Tool;

const LATER: &str = r#"
    resource "terraform_data" "later" {
      input = "10s"
    }
"#;

/// Terraform opens no gateway then, and configures the vendor's provider with unknown values,
/// with which it cannot plan.
#[test]
fn the_vendors_provider_cannot_plan_until_it_is_known() {
    let main = page::read("terraform-examples/gateway/main.tf");
    let unknown =
        main.replace("\"this\" {}", "\"this\" {\n  skew = terraform_data.later.output\n}");
    assert_ne!(main, unknown);
    let plan = SandboxConfig::default();
    let Some(mut rig) = with_vendor(Tool::Terraform, plan, &format!("{unknown}{LATER}")) else {
        return;
    };
    rig.terraform.set("GENESYSCLOUD_REGION", "eu-west-1");
    let error = rig.terraform.fails(&["plan"]);
    assert!(error.contains("in provider \"genesyscloud\""), "{error}");
    assert!(!error.contains("gctoken"), "{error}");
    assert_eq!(rig.cloud.counters().login_requests, 0);
    rig.terraform.ok(&["apply", "-auto-approve", "-target=terraform_data.later"]);
    let applied = rig.terraform.ok(&["apply", "-auto-approve"]);
    assert!(applied.contains("Resources: 10 added"), "{applied}");
    rig.assert_nothing_is_left();
}

#[test]
fn a_resource_gets_its_gateway_at_apply() {
    let blocks = call("one", "skew = terraform_data.later.output", "") + LATER;
    for tool in [Tool::Terraform, Tool::OpenTofu] {
        let Some(rig) = without_vendor(tool, SandboxConfig::default(), &blocks) else {
            continue;
        };
        rig.terraform.ok(&["plan", "-out=saved"]);
        assert_eq!(rig.cloud.counters().login_requests, 0, "{tool:?}");
        rig.terraform.ok(&["apply", "saved"]);
        assert!(rig.read("one/me.json").contains("OAuthClient"), "{tool:?}");
        rig.assert_nothing_is_left();
    }
}
