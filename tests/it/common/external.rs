//! Chooses the source of the `external` provider: the mirror in `GC_TOKEN_TEST_MIRROR`, the
//! registry, or the stand-in.

use std::net::{TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::mpsc;
use std::time::Duration;

use gc_token::internals::context::Environment;

use super::terraform::Workspace;

#[derive(Clone, Debug)]
pub enum External {
    /// A filesystem mirror.
    Mirror(PathBuf),
    Registry,
    /// The stand-in program, at this path.
    StandIn(PathBuf),
}

impl External {
    /// Returns the most real source that this machine has; found once, and printed.
    pub fn of_machine(terraform: &Path) -> External {
        static FOUND: OnceLock<External> = OnceLock::new();
        let found = FOUND.get_or_init(|| {
            let mirror = Environment::of_process().os("GC_TOKEN_TEST_MIRROR");
            let found = match mirror.map(PathBuf::from) {
                Some(mirror) => External::Mirror(mirror),
                None if registry_serves(terraform) => External::Registry,
                None => External::StandIn(test_providers()),
            };
            super::say(&format!("hashicorp/external comes from: {found:?}"));
            found
        });
        found.clone()
    }

    pub fn serve_to(&self, workspace: &Workspace) {
        let addresses = HOSTS.map(|host| format!("{host}/hashicorp/external"));
        let include = format!("include = {addresses:?}");
        workspace.configure_cli(&match self {
            External::Mirror(path) => {
                let path = path.display();
                format!("  filesystem_mirror {{\n    path = \"{path}\"\n    {include}\n  }}\n")
            }
            External::Registry => format!("  direct {{\n    {include}\n  }}\n"),
            External::StandIn(program) => {
                for address in addresses {
                    workspace.install(&address, VERSION, program, "");
                }
                String::new()
            }
        });
    }
}

/// The default registries of Terraform and of OpenTofu.
const HOSTS: [&str; 2] = ["registry.terraform.io", "registry.opentofu.org"];

/// In the range that the examples ask for, and recognisable as the stand-in.
const VERSION: &str = "2.3.99";

/// Reports whether `terraform init` can download the provider. Without a network this takes
/// at most [`CONNECT_TIMEOUT`].
fn registry_serves(terraform: &Path) -> bool {
    let (answer, answered) = mpsc::channel();
    std::thread::spawn(move || {
        let mut addresses = (HOSTS[0], 443).to_socket_addrs().ok()?;
        let connected = TcpStream::connect_timeout(&addresses.next()?, CONNECT_TIMEOUT).is_ok();
        answer.send(connected).ok()
    });
    answered.recv_timeout(CONNECT_TIMEOUT) == Ok(true) && can_init(terraform)
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

fn can_init(terraform: &Path) -> bool {
    let dir = tempfile::tempdir().unwrap();
    let main = "terraform {\n  required_providers {\n    external = {\n      \
                source  = \"hashicorp/external\"\n      version = \"~> 2.3\"\n    }\n  }\n}\n";
    std::fs::write(dir.path().join("main.tf"), main).unwrap();
    let init = Command::new(terraform)
        .args(["init", "-input=false"])
        .current_dir(dir.path())
        .env("TF_CLI_CONFIG_FILE", "/dev/null")
        .env("TF_REGISTRY_CLIENT_TIMEOUT", "5")
        .output();
    init.is_ok_and(|output| output.status.success())
}

/// The program with the test providers: `GC_TOKEN_TEST_PROVIDERS`, or the example that
/// `cargo test` builds beside this test.
pub fn test_providers() -> PathBuf {
    if let Some(program) = Environment::of_process().os("GC_TOKEN_TEST_PROVIDERS") {
        return PathBuf::from(program);
    }
    // target/debug/deps/it -> target/debug/examples/
    let test = std::env::current_exe().unwrap();
    let program = test.ancestors().nth(2).unwrap().join("examples/test_providers");
    assert!(program.exists(), "run first: cargo build --example test_providers");
    program
}
