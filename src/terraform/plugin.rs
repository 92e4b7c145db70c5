//! A Terraform provider plugin: HashiCorp's go-plugin handshake, `tfplugin6` over gRPC, and
//! values as msgpack. It knows nothing of tokens: it serves any [`Provider`].
//!
//! Data sources and ephemeral resources are supported; other RPCs are answered with
//! UNIMPLEMENTED.

mod diagnostic;
mod handshake;
mod msgpack;
mod proto;
mod provider;
mod rpc;
mod schema;
mod server;
mod service;
mod shutdown;
mod tls;
mod value;

use std::io::Write;
use std::sync::Arc;

pub use diagnostic::Diagnostic;
pub use handshake::{PROTOCOL, is_wanted};
#[cfg(fuzzing)]
pub(crate) use msgpack::fuzz as fuzz_msgpack;
pub use provider::{Diagnostics, OpenedResource, Provider, RenewedResource};
pub use schema::{AttributeSchema, BlockSchema, ProviderSchema, Type, Usage};
pub use value::{TerraformObject, TerraformValue};

use handshake::TlsClientAuth;
use server::PluginServer;
use service::ProviderService;
use tls::ServerIdentity;

use crate::context::Context;
use crate::error::{Error, Kind, Result};
use crate::platform::{BackgroundSignals, PluginSocket};

/// Serves Terraform until it needs the plugin no more. To be called if [`is_wanted`]; the
/// process has to exit afterwards, because abandoned work of the provider may still run.
///
/// # Errors
/// Terraform and this layer have no protocol in common, or no socket can be opened.
pub fn serve(provider: impl Provider, context: &Context, stdout: &mut dyn Write) -> Result<()> {
    let runtime = crate::context::runtime().map_err(|error| failed("cannot start", error))?;
    let served = runtime.block_on(handshake_and_serve(Arc::new(provider), context, stdout));
    runtime.shutdown_background();
    served
}

async fn handshake_and_serve(
    provider: Arc<dyn Provider>,
    context: &Context,
    stdout: &mut dyn Write,
) -> Result<()> {
    let identity = match handshake::client_auth(&context.env)? {
        TlsClientAuth::Pinned(certificate) => Some(ServerIdentity::new(certificate)?),
        TlsClientAuth::Disabled => None,
    };
    let service = Arc::new(ProviderService::new(provider, Arc::clone(&context.clock)));
    let server = PluginServer::new(service);
    let socket = PluginSocket::open(context.env.os("TMPDIR").map(Into::into))?;
    // Before the handshake line: after it Terraform may be interrupted.
    let signals =
        BackgroundSignals::listen().map_err(|error| failed("cannot handle signals", error))?;

    let certificate = identity.as_ref().map(|identity| &identity.certificate);
    let line = handshake::line(PluginSocket::NETWORK, &socket.address(), certificate);
    let written = stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush());
    written.map_err(|error| {
        Error::new(Kind::Output, "cannot tell Terraform where to connect").with_source(error)
    })?;

    let tls = identity.map(|identity| identity.acceptor);
    server.run(socket, tls, signals).await;
    Ok(())
}

fn failed(message: &str, error: std::io::Error) -> Error {
    Error::new(Kind::System, message).with_source(error)
}
