//! The gateway's arguments, and their mistakes.

use gc_token::internals::sandbox::SandboxConfig;

use super::rig::{call, with_vendor, without_vendor};
use crate::common::cloud::accepts;
use crate::common::page;
use crate::common::terraform::Tool;

#[test]
fn mistakes_are_found_before_anything_is_minted() {
    let plan = SandboxConfig::default();
    let Some(mut rig) = without_vendor(Tool::Terraform, plan, &call("one", "", "")) else {
        return;
    };
    let main = rig.read("main.tf");
    for (argument, words) in [
        ("tokens = 0", "attribute \"tokens\": \"0\" is not a number from 1 to"),
        ("rate = \"fast\"", "attribute \"rate\": \"fast\""),
        ("rate_wait = \"soon\"", "attribute \"rate_wait\": \"soon\""),
        ("stand_in_token = \"maybe\"", "a bool is required"),
    ] {
        let head = "\"gctoken_gateway\" \"one\" {";
        let other = main.replace(head, &format!("{head}\n{argument}"));
        rig.terraform.write("main.tf", &other);
        let error = rig.terraform.fails(&["validate"]);
        assert!(error.contains(words), "{words}: {error}");
    }
    rig.terraform.write("main.tf", &main);
    rig.terraform.set("GC_TOKEN_TOKENS", "many");
    let error = rig.terraform.fails(&["plan"]);
    assert!(error.contains("GC_TOKEN_TOKENS: \"many\""), "{error}");
    assert_eq!(rig.cloud.counters().login_requests, 0);
}

/// The pool's settings are the gateway's alone.
#[test]
fn an_access_token_has_no_pool() {
    let blocks = r#"
        ephemeral "gctoken_access_token" "one" {
          tokens = 2
        }
    "#;
    let Some(rig) = without_vendor(Tool::Terraform, SandboxConfig::default(), blocks) else {
        return;
    };
    let error = rig.terraform.fails(&["validate"]);
    assert!(error.contains("Unsupported argument"), "{error}");
    // In the provider's block they are defaults, and do no harm.
    let main = rig.read("main.tf").replace("tokens = 2", "");
    rig.terraform.write("main.tf", &format!("{main}\nprovider \"gctoken\" {{\n  tokens = 2\n}}\n"));
    rig.terraform.ok(&["plan"]);
}

#[test]
fn without_a_stand_in_clients_get_the_real_token() {
    let blocks = call("one", "stand_in_token = false", "");
    let Some(rig) = without_vendor(Tool::Terraform, SandboxConfig::default(), &blocks) else {
        return;
    };
    rig.terraform.ok(&["apply", "-auto-approve"]);
    let header = rig.read("one/header");
    let token = header.strip_prefix("Authorization: Bearer ").unwrap();
    assert!(accepts(&rig.cloud, token));
    assert_eq!(rig.cloud.counters().mints, 1);
}

/// The stand-in token is enough, but the block may have the gateway's path as well.
#[test]
fn the_vendors_block_may_have_the_path() {
    let main = page::read("terraform-examples/gateway/main.tf");
    let protocol = "protocol = ephemeral.gctoken_gateway.this.protocol\n";
    let path = r#"
    path_params {
      path_name  = ephemeral.gctoken_gateway.this.path_name
      path_value = ephemeral.gctoken_gateway.this.path_value
    }
"#;
    let with_path = main.replace(protocol, &format!("{protocol}{path}"));
    assert_ne!(main, with_path);
    let Some(mut rig) = with_vendor(Tool::Terraform, SandboxConfig::default(), &with_path) else {
        return;
    };
    rig.terraform.set("GENESYSCLOUD_REGION", "eu-west-1");
    let applied = rig.terraform.ok(&["apply", "-auto-approve"]);
    assert!(applied.contains("Resources: 10 added"), "{applied}");
}
