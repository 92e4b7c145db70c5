//! A saved plan, applied when the token of its time is dead; where secrets end
//! up meanwhile; and how many tokens it takes.

use std::time::Duration;

use gc_token::internals::sandbox::{Sandbox, SandboxConfig};

use crate::common::cloud::{SECRET, accepts, cloud};
use crate::common::process::wait_until;
use crate::common::terraform::{Tool, Workspace};
use crate::provider::rig::{Rig, USES, point_at};
use crate::provider::search;

/// Tokens that are dead soon, and yet outlive Terraform's start.
fn short_lived() -> SandboxConfig {
    SandboxConfig { lifetime: Duration::from_secs(9), ..SandboxConfig::default() }
}

#[test]
fn terraform_applies_a_plan_whose_token_is_dead() {
    let Some(contrast) = Contrast::planned() else {
        return;
    };
    journey(Tool::Terraform);
    contrast.fails_to_apply();
}

#[test]
fn opentofu_applies_a_plan_whose_token_is_dead() {
    journey(Tool::OpenTofu);
}

/// From init to destroy, with a saved plan that is older than a token lives.
fn journey(tool: Tool) {
    let Some(mut rig) = Rig::new(tool, short_lived(), "", USES) else {
        return;
    };
    let log = rig.terraform.base().join("log");
    rig.terraform.set("TF_LOG", "trace");
    rig.terraform.set("TF_LOG_PATH", log.to_str().unwrap());
    let terraform = &rig.terraform;

    terraform.ok(&["plan", "-out=saved"]);
    let planned = rig.cloud.tokens();
    assert_eq!(planned.len(), 1);
    wait_until("the plan's token is dead", || !accepts(&rig.cloud, &planned[0]));
    terraform.ok(&["apply", "saved"]);
    assert!(rig.read("me.json").contains("OAuthClient"));
    assert_eq!(rig.cloud.counters().mints, 2, "{tool:?}");
    terraform.ok(&["destroy", "-auto-approve"]);
    rig.assert_nothing_is_left();
    assert!(std::fs::read_to_string(log).unwrap().contains("[TRACE]"));
    assert_no_secret(&rig);
}

/// Asserts that no token and no client secret is left in the state, its backup, the saved plan,
/// the lock file, the output, the trace log or the cache.
fn assert_no_secret(rig: &Rig) {
    for name in ["saved", "terraform.tfstate", ".terraform.lock.hcl"] {
        assert!(rig.terraform.dir().join(name).exists(), "{name}");
    }
    assert!(rig.terraform.home().join(".cache/gc-token").exists());
    let found = search::holders(rig.terraform.base(), &secrets(&rig.cloud));
    assert_eq!(found.unwrap_or_default(), Vec::<std::path::PathBuf>::new());
}

fn secrets(cloud: &Sandbox) -> Vec<String> {
    let mut secrets = cloud.tokens();
    secrets.push(SECRET.to_owned());
    secrets
}

/// The same run with the `external` data source, for contrast.
struct Contrast {
    terraform: Workspace,
    cloud: Sandbox,
}

impl Contrast {
    fn planned() -> Option<Contrast> {
        let source = r#"
            data "external" "token" {
              program = ["gc-token", "external"]
            }
        "#;
        let uses =
            USES.replace("ephemeral.gctoken_access_token.this.", "data.external.token.result.");
        let mut terraform = Workspace::with_external(&format!("{source}{uses}"))?;
        let cloud = cloud(short_lived());
        point_at(&cloud, &mut terraform);
        terraform.ok(&["init"]);
        terraform.ok(&["plan", "-out=saved"]);
        Some(Contrast { terraform, cloud })
    }

    /// The plan holds its token, which is dead by now. And the search that
    /// finds nothing with the ephemeral resource does find things here.
    fn fails_to_apply(&self) {
        let planned = self.cloud.tokens();
        assert_eq!(planned.len(), 1);
        wait_until("the plan's token is dead", || !accepts(&self.cloud, &planned[0]));
        let refused = self.terraform.fails(&["apply", "saved"]);
        assert!(refused.contains("error: 401"), "{refused}");
        let Some(found) = search::holders(self.terraform.base(), &planned) else {
            return;
        };
        for name in ["saved", "terraform.tfstate"] {
            let path = self.terraform.dir().join(name);
            assert!(found.contains(&path), "{name}: {found:?}");
        }
    }
}

#[test]
fn the_client_secret_may_be_an_ephemeral_variable() {
    let variable = r#"
        variable "secret" {
          type      = string
          ephemeral = true
        }
    "#;
    let rest = format!("{variable}{USES}");
    let arguments = "client_secret = var.secret";
    let Some(mut rig) = Rig::new(Tool::Terraform, SandboxConfig::default(), arguments, &rest)
    else {
        return;
    };
    rig.terraform.set("GENESYSCLOUD_OAUTHCLIENT_SECRET", "");
    rig.terraform.set("TF_VAR_secret", SECRET);
    let terraform = &rig.terraform;
    terraform.ok(&["plan", "-out=saved"]);
    terraform.ok(&["apply", "saved"]);
    assert!(rig.read("me.json").contains("OAuthClient"));
    assert_no_secret(&rig);
}

#[test]
fn five_processes_of_one_plan_make_one_token() {
    let more = |number: u8| {
        format!(
            r#"
            provider "gctoken" {{
              alias = "p{number}"
            }}
            ephemeral "gctoken_access_token" "p{number}" {{
              provider = gctoken.p{number}
            }}
            "#
        )
    };
    let rest: String = (0..4).map(more).collect();
    let Some(mut rig) = Rig::new(Tool::Terraform, SandboxConfig::default(), "", &rest) else {
        return;
    };
    let log = rig.terraform.base().join("log");
    rig.terraform.set("TF_LOG", "debug");
    rig.terraform.set("TF_LOG_PATH", log.to_str().unwrap());
    rig.terraform.ok(&["plan"]);
    let log = std::fs::read_to_string(log).unwrap();
    let plugins = log.matches("plugin started").count();
    assert!(plugins >= 5, "{plugins}: {log}");
    assert_eq!(rig.cloud.counters().mints, 1);
    rig.assert_nothing_is_left();
}
