//! The data source `gctoken_clock` in a `check` block.

use std::collections::BTreeSet;

use gc_token::internals::sandbox::{ConfigChange, SandboxConfig};
use gc_token::internals::terraform::LOCAL_SOURCE;
use jiff::SignedDuration;
use serde_json::Value;

use crate::common::page;
use crate::common::terraform::Tool;
use crate::provider::rig::Rig;

const CHECK: &str = r#"
    data "gctoken_clock" "this" {}
    check "clocks" {
      assert {
        condition     = data.gctoken_clock.this.within_skew
        error_message = data.gctoken_clock.this.verdict
      }
    }
    output "clock" {
      value = data.gctoken_clock.this
    }
"#;

#[test]
fn a_check_passes_or_warns_and_no_token_is_made() {
    let Some(mut rig) = Rig::new(Tool::Terraform, SandboxConfig::default(), "", "") else {
        return;
    };
    // The clocks alone: without a token, and without credentials.
    let header = rig.read("main.tf");
    let (header, _) = header.split_once("ephemeral").unwrap();
    rig.terraform.write("main.tf", &format!("{header}{CHECK}"));
    for name in ["ID", "SECRET"] {
        let name = format!("GENESYSCLOUD_OAUTHCLIENT_{name}");
        rig.terraform.set(&name, "");
    }

    let said = rig.terraform.run(&["apply", "-auto-approve"]);
    assert!(said.status.success(), "{said:?}");
    assert!(!said.stdout.contains("Warning"), "{said:?}");
    let clock = clock(&rig);
    assert_eq!(clock["within_skew"], true, "{clock}");
    assert_eq!(clock["learned_skew"], 5, "{clock}");
    assert!(clock["measured_at"].as_str().unwrap().ends_with('Z'));

    rig.cloud.change(ConfigChange {
        api_offset: Some(SignedDuration::from_secs(20)),
        issuer_offset: Some(SignedDuration::from_secs(-300)),
        ..ConfigChange::default()
    });
    let said = rig.terraform.ok(&["apply", "-auto-approve"]);
    for words in ["Warning: Check block assertion failed", "are subtracted from every"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let clock = self::clock(&rig);
    let number = |name: &str| clock[name].as_f64().unwrap();
    for (ahead, low, high) in [
        (-300.0, "issuer_offset_min", "issuer_offset_max"),
        (20.0, "api_offset_min", "api_offset_max"),
        (320.0, "api_lead_min", "api_lead_max"),
    ] {
        assert!(number(low) <= ahead && ahead <= number(high), "{clock}");
    }
    assert_eq!(number("learned_skew"), number("api_lead_max"));
    assert!(number("uncertainty") >= 0.5, "{clock}");
    assert_eq!(clock["within_skew"], false);
    assert_eq!(rig.cloud.counters().token_requests, 0);
}

fn clock(rig: &Rig) -> Value {
    serde_json::from_str(&rig.terraform.ok(&["output", "-json", "clock"])).unwrap()
}

#[test]
fn the_registrys_page_tells_what_the_schema_tells() {
    let Some(rig) = Rig::new(Tool::Terraform, SandboxConfig::default(), "", "") else {
        return;
    };
    let schema = rig.terraform.ok(&["providers", "schema", "-json"]);
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let provider = &schema["provider_schemas"][LOCAL_SOURCE];
    let block = &provider["data_source_schemas"]["gctoken_clock"]["block"];
    let attributes = block["attributes"].as_object().unwrap();
    let line = |(name, attribute): (&String, &Value)| {
        let kind = match attribute["type"].as_str().unwrap() {
            "bool" => "Boolean",
            "number" => "Number",
            _ => "String",
        };
        let description = attribute["description"].as_str().unwrap();
        format!("- `{name}` ({kind}) {description}")
    };
    let told: BTreeSet<_> = attributes.iter().map(line).collect();
    let page = page::read("docs/data-sources/clock.md");
    let (_, listed) = page.split_once("## Schema\n").unwrap();
    let listed = listed.lines().filter(|line| line.starts_with("- "));
    assert_eq!(listed.map(str::to_owned).collect::<BTreeSet<_>>(), told);
}
