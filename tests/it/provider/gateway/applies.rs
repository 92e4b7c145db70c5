//! An apply that takes longer than three tokens live, and where its secrets end up.

use std::path::{Path, PathBuf};
use std::time::Duration;

use gc_token::internals::sandbox::{ConfigChange, Faults, SandboxConfig};
use jiff::SignedDuration;

use super::rig::with_vendor;
use crate::clients::terraform::skills;
use crate::common::cloud::SECRET;
use crate::common::page;
use crate::common::terraform::Tool;
use crate::provider::rig::Rig;
use crate::provider::search;

/// One after the other, at two seconds each, they take as long as three tokens live.
const SKILLS: u64 = 18;

/// Tokens live for twelve seconds, of which the API's clock takes two.
fn slow_and_short_lived() -> SandboxConfig {
    SandboxConfig {
        lifetime: Duration::from_secs(12),
        api_offset: SignedDuration::from_secs(2),
        api_faults: "1000*slow:2s".parse::<Faults>().unwrap().0,
        ..SandboxConfig::default()
    }
}

#[test]
fn terraform_applies_a_saved_plan_over_three_token_lives() {
    journey(Tool::Terraform);
}

#[test]
fn opentofu_applies_a_saved_plan_over_three_token_lives() {
    journey(Tool::OpenTofu);
}

/// Writes the gateway's secrets to a file that is not searched.
const SPY: &str = r#"
    resource "terraform_data" "spy" {
      provisioner "local-exec" {
        command     = "printf '%s\n' \"$TOKEN\" \"$SECRET_PATH\" > \"$JOURNAL\""
        environment = {
          TOKEN       = ephemeral.gctoken_gateway.this.access_token
          SECRET_PATH = trimprefix(ephemeral.gctoken_gateway.this.path_value, "/")
        }
      }
    }
"#;

/// From init to destroy, with the example's configuration.
fn journey(tool: Tool) {
    let main = page::read("terraform-examples/gateway/main.tf") + SPY;
    let Some(mut rig) = with_vendor(tool, slow_and_short_lived(), &main) else {
        return;
    };
    let kept_apart = tempfile::tempdir().unwrap();
    let journal = kept_apart.path().join("journal");
    let log = rig.terraform.base().join("log");
    for (name, value) in [("TF_LOG_PATH", &log), ("JOURNAL", &journal)] {
        rig.terraform.set(name, value.to_str().unwrap());
    }
    rig.terraform.set("TF_LOG", "trace");
    // Go programs send nothing for loopback to a proxy, and nor does gc-token here.
    for name in ["HTTP_PROXY", "HTTPS_PROXY"] {
        rig.terraform.set(name, "http://127.0.0.1:9");
    }
    rig.terraform.set("GENESYSCLOUD_REGION", "eu-west-1");
    let terraform = &rig.terraform;
    let variable = format!("-var=skills={SKILLS}");

    terraform.ok(&["plan", "-out=saved", &variable]);
    let planned = rig.cloud.counters().mints;
    let applied = terraform.ok(&["apply", "-parallelism=1", "saved"]);
    let added = format!("Apply complete! Resources: {} added", SKILLS + 1);
    assert!(applied.contains(&added), "{tool:?}: {applied}");
    let renewed = rig.cloud.counters().mints - planned;
    assert!(renewed >= 3, "{tool:?}: {renewed} tokens for all of it");
    // One that was made twice would be there twice. From here on nothing is slow.
    assert_eq!(skills(&rig.cloud), SKILLS, "{tool:?}");
    rig.cloud.change(ConfigChange {
        api_faults: Some(Vec::new()),
        lifetime: Some(Duration::from_secs(600)),
        ..ConfigChange::default()
    });
    let again = terraform.run(&["plan", "-detailed-exitcode", &variable]);
    assert_eq!(again.status.code(), Some(0), "{tool:?}: a second plan is empty: {again:#?}");
    terraform.ok(&["destroy", "-auto-approve", &variable]);
    rig.assert_nothing_is_left();
    assert_no_secret(&rig, &journal);
}

/// Asserts that neither a token, real or a stand-in, nor the gateway's path, nor the client
/// secret is in the state, its backup, the saved plan, the lock file, the output, the trace log
/// or the cache.
fn assert_no_secret(rig: &Rig, journal: &Path) {
    for name in ["saved", "terraform.tfstate", ".terraform.lock.hcl"] {
        assert!(rig.terraform.dir().join(name).exists(), "{name}");
    }
    let log = std::fs::read_to_string(rig.terraform.base().join("log")).unwrap();
    assert!(log.contains("[TRACE]") && log.contains(" renewed"));
    let journal = std::fs::read_to_string(journal).unwrap();
    let mut secrets: Vec<_> = journal.lines().map(str::to_owned).collect();
    assert_eq!(secrets.len(), 2, "{journal}");
    secrets.extend(rig.cloud.tokens());
    secrets.push(SECRET.to_owned());
    let found = search::holders(rig.terraform.base(), &secrets);
    assert_eq!(found.unwrap_or_default(), Vec::<PathBuf>::new());
}
