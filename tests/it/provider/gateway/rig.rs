//! A workspace with the provider and, in place of the vendor's, its stand-in.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use gc_token::internals::sandbox::SandboxConfig;
use gc_token::internals::terraform::LOCAL_SOURCE;

use crate::clients::client::installed;
use crate::common::cloud::cloud;
use crate::common::terraform::{Tool, Workspace};
use crate::provider::rig::{self, Rig};

/// The first line of versions with a `gateway` block, and recognisably not a real one.
const VERSION: &str = "1.53.99";

/// A call through the gateway by a program. `me.json` is the API's response, and `port` holds
/// the gateway's port. NAME is the resource's, ARGUMENTS are the gateway's, and COMMAND comes
/// after the call.
const CALL: &str = r#"
    ephemeral "gctoken_gateway" "NAME" {
      ARGUMENTS
    }
    resource "terraform_data" "NAME" {
      provisioner "local-exec" {
        command     = <<-EOT
          set -e
          mkdir -p NAME
          printf 'Authorization: Bearer %s' "$TOKEN" > NAME/header
          printf %s "$PORT" > NAME/port
          curl -fsS -H @NAME/header -o NAME/me.part "$URL/api/v2/tokens/me"
          mv NAME/me.part NAME/me.json
          COMMAND
        EOT
        environment = {
          TOKEN = ephemeral.gctoken_gateway.NAME.access_token
          PORT  = ephemeral.gctoken_gateway.NAME.port
          URL   = ephemeral.gctoken_gateway.NAME.url
        }
      }
    }
"#;

fn required_providers() -> String {
    format!(
        "terraform {{\n  required_providers {{\n    gctoken = {{\n      \
         source = \"{LOCAL_SOURCE}\"\n    }}\n  }}\n}}\n"
    )
}

pub(crate) fn call(name: &str, arguments: &str, command: &str) -> String {
    CALL.replace("NAME", name).replace("ARGUMENTS", arguments).replace("COMMAND", command)
}

/// An initialised workspace with these blocks and no other provider than gc-token's. `None`
/// where a tool is missing, which has been said by then.
pub(crate) fn without_vendor(tool: Tool, plan: SandboxConfig, blocks: &str) -> Option<Rig> {
    let terraform = Workspace::of(tool, &(required_providers() + blocks))?;
    Some(initialised(terraform, plan))
}

/// The same with the stand-in for the vendor's provider, for a whole configuration.
pub(super) fn with_vendor(tool: Tool, plan: SandboxConfig, main: &str) -> Option<Rig> {
    let provider = installed("GC_TOKEN_TEST_GENESYSCLOUD", "terraform-provider-genesyscloud")?;
    let terraform = Workspace::of(tool, main)?;
    for registry in ["registry.terraform.io", "registry.opentofu.org"] {
        let address = format!("{registry}/mypurecloud/genesyscloud");
        terraform.install(&address, VERSION, &provider, "");
    }
    Some(initialised(terraform, plan))
}

fn initialised(terraform: Workspace, plan: SandboxConfig) -> Rig {
    let mirror = rig::installed().mirror.display();
    let more = format!("  filesystem_mirror {{\n    path = \"{mirror}\"\n  }}\n");
    terraform.configure_cli(&more);
    let mut rig = Rig { terraform, cloud: cloud(plan) };
    rig.reset();
    rig.terraform.ok(&["init"]);
    rig
}

/// Asserts that this resource's gateway is closed. Another program may have got its port since.
pub(super) fn assert_closed(rig: &Rig, name: &str) {
    let port = rig.read(&format!("{name}/port")).parse().unwrap();
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else {
        return;
    };
    let header = rig.read(&format!("{name}/header"));
    let request =
        format!("GET /api/v2/tokens/me HTTP/1.0\r\nHost: 127.0.0.1\r\n{}\r\n\r\n", header.trim());
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut response = Vec::new();
    // Neither a reset nor a program that waits is the gateway.
    let _ = stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_end(&mut response));
    let response = String::from_utf8_lossy(&response);
    assert!(!response.contains("OAuthClient"), "{port} is still open: {response}");
}
