//! `terraform-examples/gateway`: the commands of its README, with the stand-in in place of the
//! vendor's provider.

use std::process::{Command, Stdio};

use gc_token::internals::sandbox::SandboxConfig;

use super::rig::with_vendor;
use crate::common::example::{block, path};
use crate::common::page;
use crate::common::terraform::Tool;

#[test]
fn the_readmes_commands_work() {
    let readme = page::read("terraform-examples/gateway/README.md");
    let main = page::read("terraform-examples/gateway/main.tf");
    let Some(rig) = with_vendor(Tool::Terraform, SandboxConfig::default(), &main) else {
        return;
    };
    let terraform = &rig.terraform;
    let clean_up = r#"trap 'kill "${sandbox:-}" 2>/dev/null || :' EXIT"#;
    let commands = block(&readme, "sh", "gc-token sandbox");
    let script = terraform.script("readme.sh", &format!("set -eu\n{clean_up}\n{commands}"));
    let output = Command::new(script)
        .current_dir(terraform.dir())
        .env_clear()
        .env("PATH", path())
        .env("HOME", terraform.home())
        .env("TMPDIR", terraform.tmp())
        .env("TF_CLI_CONFIG_FILE", terraform.base().join("terraformrc"))
        .env("TF_CLI_ARGS", "-no-color")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(said.contains("Apply complete! Resources: 10 added"), "{said}");
    assert!(said.contains("Destroy complete! Resources: 10 destroyed"), "{said}");
    rig.assert_nothing_is_left();
}

#[test]
fn the_blocks_in_the_documentation_are_the_examples() {
    let main = page::read("terraform-examples/gateway/main.tf");
    let code = main.lines().filter(|line| !line.trim_start().starts_with('#'));
    let code: String = code.flat_map(|line| line.split_whitespace()).collect();
    for (name, language) in [
        ("docs/ephemeral-resources/gateway.md", "terraform"),
        ("book/src/guides/long-applies.md", "hcl"),
    ] {
        let shown = block(&page::read(name), language, "ephemeral \"gctoken_gateway\"");
        let bare: String = shown.split_whitespace().collect();
        assert!(code.contains(&bare), "{name}: {shown}");
    }
}
