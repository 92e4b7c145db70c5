//! `terraform-examples/external` with the real Terraform, against the sandbox:
//! what it hands out, what ends up in the state, and what a failure says.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::common::example::path;
use crate::common::terraform::Workspace;
use gc_token::internals::context::SystemClock;
use gc_token::internals::sandbox::{DEFAULT_SECRET, Sandbox, SandboxConfig};
use serde_json::Value;

/// The example, initialised, and the sandbox that it talks to.
struct Example {
    terraform: Workspace,
    sandbox: Sandbox,
}

impl Example {
    /// `None` where Terraform is missing, which has been said by then.
    fn new(main: &str) -> Option<Example> {
        let mut terraform = Workspace::with_external(main)?;
        let sandbox =
            Sandbox::start(SandboxConfig::default(), Arc::new(SystemClock::default())).unwrap();
        terraform.set("PATH", &path());
        terraform.set("GC_TOKEN_LOGIN_URL", &sandbox.login_url());
        terraform.set("GC_TOKEN_API_URL", &sandbox.api_url());
        terraform.set("GENESYSCLOUD_OAUTHCLIENT_ID", &SandboxConfig::default().client_id);
        terraform.set("GENESYSCLOUD_OAUTHCLIENT_SECRET", DEFAULT_SECRET);
        terraform.ok(&["init"]);
        Some(Example { terraform, sandbox })
    }

    /// The data source's result, as the state holds it.
    fn in_state(&self) -> Value {
        let state: Value = serde_json::from_str(&self.terraform.ok(&["show", "-json"])).unwrap();
        state["values"]["root_module"]["resources"][0]["values"]["result"].clone()
    }
}

#[test]
fn the_example_gets_a_token_that_works_and_a_second_plan_is_empty() {
    let Some(example) = Example::new(&main_tf()) else {
        return;
    };
    let (terraform, sandbox) = (&example.terraform, &example.sandbox);

    let planned = terraform.ok(&["plan", "-out=plan"]);
    let applied = terraform.ok(&["apply", "plan"]);
    let token = example.in_state();
    let access_token = token["access_token"].as_str().unwrap();
    assert!(crate::common::cloud::accepts(sandbox, access_token));
    assert_eq!(token["api_url"], sandbox.api_url());

    // Of what Terraform prints, the end is all that there is to see.
    let output = terraform.ok(&["output", "-raw", "expires_at"]);
    assert_eq!(token["expires_at"], output);
    for said in [planned, applied] {
        assert!(said.contains("expires_at"), "{said}");
        assert!(!said.contains(access_token), "{said}");
    }

    terraform.ok(&["plan", "-detailed-exitcode"]);
    assert_eq!(sandbox.counters().mints, 1);
    // As the README warns, and the other half of its table.
    let state = fs::read_to_string(terraform.dir().join("terraform.tfstate")).unwrap();
    assert!(state.contains(access_token));
    let saved = terraform.ok(&["show", "-json", "plan"]);
    assert!(saved.contains(access_token), "{saved}");
    assert!(!state.contains(DEFAULT_SECRET));
}

#[test]
fn failures_are_shown_and_hold_no_secret() {
    let Some(mut example) = Example::new(&main_tf()) else {
        return;
    };
    let hidden = "wrong-secret-of-this-test";
    let terraform = &mut example.terraform;
    terraform.set("GENESYSCLOUD_OAUTHCLIENT_SECRET", hidden);
    let refused = terraform.fails(&["plan"]);
    assert!(refused.contains("authentication failed"), "{refused}");

    terraform.set("GENESYSCLOUD_OAUTHCLIENT_SECRET", DEFAULT_SECRET);
    // Port 9 discards: nobody listens there.
    terraform.set("GC_TOKEN_LOGIN_URL", "http://127.0.0.1:9");
    terraform.set("GC_TOKEN_TIMEOUT", "1s");
    let unreachable = terraform.fails(&["plan"]);
    assert!(unreachable.contains("127.0.0.1:9"), "{unreachable}");

    let unknown = main_tf().replace("min_ttl = var.min_ttl", "min_tll = var.min_ttl");
    terraform.write("main.tf", &unknown);
    let unknown = terraform.fails(&["plan"]);
    assert!(unknown.contains("unknown key \"min_tll\""), "{unknown}");
    assert!(unknown.contains("known keys: profile, region"), "{unknown}");

    let secret = main_tf().replace("min_ttl = var.min_ttl", "client_secret = \"hush-hush\"");
    terraform.write("main.tf", &secret);
    let secret = terraform.fails(&["plan"]);
    assert!(secret.contains("into Terraform's state"), "{secret}");

    for said in [refused, unreachable, unknown, secret] {
        assert!(!said.contains(hidden), "{said}");
        assert!(!said.contains(DEFAULT_SECRET), "{said}");
    }
    assert_eq!(example.sandbox.counters().mints, 0);
}

#[test]
fn the_readmes_commands_work_and_its_blocks_are_formatted() {
    let Some(terraform) = Workspace::with_external(&main_tf()) else {
        return;
    };
    // Should a command fail before the sandbox is stopped.
    let clean_up = r#"trap 'kill "$sandbox" 2>/dev/null || :' EXIT"#;
    let script = format!("set -eu\n{clean_up}\n{}", block("sh", "gc-token sandbox"));
    let script = terraform.script("readme.sh", &script);
    let base = terraform.dir().parent().unwrap().to_owned();
    let output = Command::new(script)
        .current_dir(terraform.dir())
        .env_clear()
        .env("PATH", path())
        .env("HOME", base.join("home"))
        .env("TMPDIR", terraform.tmp())
        .env("TF_CLI_CONFIG_FILE", base.join("terraformrc"))
        .env("TF_CLI_ARGS", "-no-color")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(said.contains("Apply complete!"), "{said}");
    assert!(said.contains("No changes."), "{said}");

    terraform.write("provider.tf", &block("hcl", "provider"));
    terraform.ok(&["fmt", "-check", "-diff"]);
}

fn main_tf() -> String {
    fs::read_to_string(example().join("main.tf")).unwrap()
}

/// The README's block in this language that holds `words`.
fn block(language: &str, words: &str) -> String {
    let readme = fs::read_to_string(example().join("README.md")).unwrap();
    crate::common::example::block(&readme, language, words)
}

fn example() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("terraform-examples/external")
}
