//! A Terraform workspace with the provider and a sandbox to go with it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use gc_token::internals::context::Environment;
use gc_token::internals::sandbox::{Sandbox, SandboxConfig};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::common::cloud::{CLIENT, SECRET, cloud};
use crate::common::process::wait_until;
use crate::common::terraform::{Running, Tool, Workspace};

/// A resource that is made only when the API accepts the token; `me.json` is
/// the API's answer.
pub(crate) const USES: &str = r#"
    resource "terraform_data" "uses" {
      provisioner "local-exec" {
        command     = <<-EOT
          printf 'Authorization: Bearer %s' "$TOKEN" |
            curl -fsS -H @- -o me.json "$API/api/v2/tokens/me"
        EOT
        environment = {
          TOKEN = ephemeral.gctoken_access_token.this.access_token
          API   = ephemeral.gctoken_access_token.this.api_url
        }
      }
    }
"#;

/// A workspace whose provider talks to its sandbox.
pub(crate) struct Rig {
    pub(crate) terraform: Workspace,
    pub(crate) cloud: Sandbox,
}

impl Rig {
    /// An initialised configuration: the blocks that `terraform install`
    /// prints, with `arguments` in the ephemeral resource, and `rest`. `None`
    /// where a tool is missing, which has been said by then.
    pub(crate) fn new(tool: Tool, plan: SandboxConfig, arguments: &str, rest: &str) -> Option<Rig> {
        let mut rig =
            Rig { terraform: Workspace::of(tool, &main(arguments, rest))?, cloud: cloud(plan) };
        rig.reset();
        // As the user is told to do it, for nothing else is needed here.
        let configuration = format!("disable_checkpoint = true\n{}", installed().configuration);
        std::fs::write(rig.terraform.base().join("terraformrc"), configuration).unwrap();
        rig.terraform.ok(&["init"]);
        Some(rig)
    }

    /// Points the provider at the sandbox with good credentials, whatever was
    /// set before.
    pub(crate) fn reset(&mut self) {
        point_at(&self.cloud, &mut self.terraform);
        self.terraform.set("GC_TOKEN_TIMEOUT", "");
    }

    /// Writes another configuration.
    pub(crate) fn change(&self, arguments: &str, rest: &str) {
        self.terraform.write("main.tf", &main(arguments, rest));
    }

    /// Runs `gc-token get` as the same user.
    pub(crate) fn shared_token(&self) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gc-token"));
        let output = command
            .arg("get")
            .env_clear()
            .env("HOME", self.terraform.home())
            .env("GC_TOKEN_LOGIN_URL", self.cloud.login_url())
            .env("GC_TOKEN_API_URL", self.cloud.api_url())
            .env("GENESYSCLOUD_OAUTHCLIENT_ID", CLIENT)
            .env("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// A file next to the configuration.
    pub(crate) fn read(&self, name: &str) -> String {
        let path = self.terraform.dir().join(name);
        std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{name}: {why}"))
    }

    /// Waits until a file is there.
    pub(crate) fn wait_for(&self, name: &str) {
        let path = self.terraform.dir().join(name);
        wait_until(&format!("{name} appears"), || path.exists());
    }

    /// Asserts that soon no plugin of this workspace runs any more, and that
    /// `TMPDIR` is empty: neither a socket nor its directory.
    pub(crate) fn assert_nothing_is_left(&self) {
        wait_until("every plugin has ended and cleaned up", || {
            self.plugins().is_empty()
                && std::fs::read_dir(self.terraform.tmp()).unwrap().count() == 0
        });
    }

    /// The provider processes of this workspace, recognised by their `TMPDIR`, which a zombie has
    /// not.
    pub(crate) fn plugins(&self) -> Vec<Pid> {
        let tmp = format!("TMPDIR={}\0", self.terraform.tmp().display());
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let is_plugin = |dir: PathBuf| {
            let program = std::fs::read_link(dir.join("exe")).unwrap_or_default();
            let variables = std::fs::read(dir.join("environ")).unwrap_or_default();
            program.to_string_lossy().contains("terraform-provider-gctoken")
                && String::from_utf8_lossy(&variables).contains(&tmp)
        };
        let plugins = processes.filter(|entry| is_plugin(entry.path()));
        let pid = |name: OsString| Pid::from_raw(name.to_str()?.parse().ok()?);
        plugins.filter_map(|entry| pid(entry.file_name())).collect()
    }
}

/// Interrupts a run as a terminal does: Terraform, its plugins and their children.
pub(crate) fn interrupt(running: Running) {
    kill_process_group(Pid::from_child(&running.child), Signal::INT).unwrap();
    let said = running.wait();
    assert!(!said.status.success(), "{said:?}");
    assert!(!said.stderr.contains("Plugin did not respond"), "{said:?}");
}

/// Kills Terraform alone.
pub(crate) fn kill(mut running: Running) {
    running.child.kill().unwrap();
    running.child.wait().unwrap();
}

/// Sets what points gc-token at the sandbox.
pub(crate) fn point_at(cloud: &Sandbox, terraform: &mut Workspace) {
    let gc_token = Path::new(env!("CARGO_BIN_EXE_gc-token")).parent().unwrap();
    let path = Environment::of_process().text("PATH").unwrap_or_default();
    terraform.set("PATH", &format!("{}:{path}", gc_token.display()));
    terraform.set("GC_TOKEN_LOGIN_URL", &cloud.login_url());
    terraform.set("GC_TOKEN_API_URL", &cloud.api_url());
    terraform.set("GENESYSCLOUD_OAUTHCLIENT_ID", CLIENT);
    terraform.set("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET);
}

/// The output of `gc-token terraform install`.
pub(crate) struct Installed {
    /// The block for the CLI configuration.
    pub(crate) configuration: String,
    /// The blocks for the configuration itself.
    blocks: String,
    pub(crate) mirror: PathBuf,
}

/// Installs the provider, once for all tests.
pub(crate) fn installed() -> &'static Installed {
    static INSTALLED: OnceLock<Installed> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let mirror = Path::new(env!("CARGO_TARGET_TMPDIR")).join("provider-mirror");
        let output = Command::new(env!("CARGO_BIN_EXE_gc-token"))
            .args(["terraform", "install", "--mirror"])
            .arg(&mirror)
            .env_clear()
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let (configuration, blocks) = text.split_once("# In the configuration").unwrap();
        Installed { configuration: configuration.to_owned(), blocks: format!("#{blocks}"), mirror }
    })
}

fn main(arguments: &str, rest: &str) -> String {
    let blocks = &installed().blocks;
    assert!(blocks.contains("\"this\" {}"), "{blocks}");
    blocks.replace("\"this\" {}", &format!("\"this\" {{\n{arguments}\n}}")) + rest
}
