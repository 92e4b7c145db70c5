//! Where the `external` provider comes from: a mirror that
//! `GC_TOKEN_TEST_MIRROR` names, the registry, or the stand-in.

use std::net::{TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::mpsc;
use std::time::Duration;

use gc_token::context::Environment;

use super::terraform::Workspace;

/// Where the provider comes from.
#[derive(Clone, Debug)]
pub enum External {
    /// A filesystem mirror of the user's.
    Mirror(PathBuf),
    /// The registry.
    Registry,
    /// The stand-in, at this path.
    StandIn(PathBuf),
}

impl External {
    /// The best that this machine has. It is found once, and printed.
    pub fn of_machine(terraform: &Path) -> External {
        static FOUND: OnceLock<External> = OnceLock::new();
        let found = FOUND.get_or_init(|| {
            let mirror = Environment::Process.os("GC_TOKEN_TEST_MIRROR");
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

    /// Makes the provider available to a workspace.
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

/// The hosts that `hashicorp/external` means to Terraform and to OpenTofu.
const HOSTS: [&str; 2] = ["registry.terraform.io", "registry.opentofu.org"];

/// Of the line that the stand-in follows, and recognisably not a real one.
const VERSION: &str = "2.3.99";

/// Whether `terraform init` gets the provider from the registry. A machine
/// without a network learns so in two seconds.
fn registry_serves(terraform: &Path) -> bool {
    let (answer, answered) = mpsc::channel();
    std::thread::spawn(move || {
        let mut addresses = (HOSTS[0], 443).to_socket_addrs().ok()?;
        let connected = TcpStream::connect_timeout(&addresses.next()?, REACH).is_ok();
        answer.send(connected).ok()
    });
    answered.recv_timeout(REACH) == Ok(true) && inits(terraform)
}

const REACH: Duration = Duration::from_secs(2);

fn inits(terraform: &Path) -> bool {
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

/// The program of the providers for tests. `cargo test` has built it already, `cargo test
/// --test NAME` has not.
pub fn test_providers() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let build = || {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--example", "test_providers"]);
        cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
        // Cargo sets these for a test. ring is built again when they change.
        for name in ["MANIFEST_DIR", "MANIFEST_LINKS", "PKG_NAME"] {
            cargo.env_remove(format!("CARGO_{name}"));
        }
        for part in ["MAJOR", "MINOR", "PATCH", "PRE"] {
            cargo.env_remove(format!("CARGO_PKG_VERSION_{part}"));
        }
        let status = cargo.status().unwrap();
        assert!(status.success(), "the providers for tests do not build");
        // target/debug/deps/this_test -> target/debug/examples/
        let test = std::env::current_exe().unwrap();
        let target = test.ancestors().nth(2).unwrap();
        target.join("examples/test_providers")
    };
    BUILT.get_or_init(build).clone()
}
