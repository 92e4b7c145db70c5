//! `terraform-examples/ephemeral`: the commands of its README, with the
//! provider in its usual place, and the block for Genesys Cloud's own provider.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::common::example::{self, path};
use crate::common::terraform::{Tool, Workspace};

#[test]
fn the_readmes_commands_work_with_terraform() {
    run_readme(Tool::Terraform);
}

#[test]
fn the_readmes_commands_work_with_opentofu() {
    run_readme(Tool::OpenTofu);
}

fn run_readme(tool: Tool) {
    let Some(terraform) = Workspace::of(tool, &text("main.tf")) else {
        return;
    };
    let program = terraform.program().display().to_string();
    let commands = block("sh", "gc-token sandbox").replace("terraform init", "$TOOL init");
    let commands = commands.replace("\nterraform ", "\n$TOOL ");
    // Should a command fail before the sandbox is stopped.
    let clean_up = r#"trap 'kill "$sandbox" 2>/dev/null || :' EXIT"#;
    let script = terraform.script("readme.sh", &format!("set -eu\n{clean_up}\n{commands}"));
    let output = Command::new(script)
        .current_dir(terraform.dir())
        .env_clear()
        .env("PATH", path())
        .env("TOOL", program)
        .env("HOME", terraform.home())
        .env("TMPDIR", terraform.tmp())
        .env("TF_CLI_ARGS", "-no-color")
        .env("CHECKPOINT_DISABLE", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(said.contains("Apply complete! Resources: 1 added"), "{said}");
    assert!(said.contains("Destroy complete!"), "{said}");
    assert!(!said.contains("Check block assertion failed"), "{said}");
}

/// The block needs a provider that is not available offline: it is parsed, its reference
/// resolved, and its format checked.
#[test]
fn the_block_for_the_vendors_provider_is_well_formed() {
    let Some(terraform) = Workspace::new(&text("main.tf")) else {
        return;
    };
    let block = block("hcl", "provider \"genesyscloud\"");
    terraform.write("provider.tf", &block);
    terraform.ok(&["fmt", "-check", "-diff"]);
    assert!(block.contains("= ephemeral.gctoken_access_token.this.access_token"));
    assert!(text("main.tf").contains("ephemeral \"gctoken_access_token\" \"this\""));
}

fn text(name: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(root.join("terraform-examples/ephemeral").join(name)).unwrap()
}

/// The README's block in this language that holds `words`.
fn block(language: &str, words: &str) -> String {
    example::block(&text("README.md"), language, words)
}
