//! A Terraform provider plugin: HashiCorp's go-plugin handshake, `tfplugin6`
//! over gRPC, and values as msgpack. It knows nothing of tokens: what a provider
//! offers is a [`Provider`].
//!
//! Only what data sources and ephemeral resources need is there; other RPCs are
//! answered with UNIMPLEMENTED.

mod diagnostic;
mod handshake;
mod msgpack;
mod proto;
mod provider;
mod rpc;
mod schema;
mod service;
mod shutdown;
mod tls;
mod value;

use std::io::Write;
use std::sync::Arc;

pub use diagnostic::{Diagnostic, Severity};
pub use handshake::is_wanted;
#[cfg(fuzzing)]
pub(crate) use msgpack::fuzz as fuzz_wire;
pub use provider::{Notes, Opened, Provider, Renewed};
pub use schema::{Attribute, Block, Schema, Type, Usage};
pub use value::{Object, Value};

use handshake::Admission;
use service::Answers;
use shutdown::Life;
use tls::Identity;

use crate::context::Context;
use crate::error::{Error, Kind, Result};
use crate::platform::{BackgroundSignals, PluginSocket};

/// Serves Terraform until it has no more use for the plugin. To be called when
/// [`is_wanted`] says so; the process is to end afterwards, as a provider's work
/// that was cut off may still be going on.
///
/// # Errors
/// Terraform and this layer cannot agree, or there is no place to listen.
pub fn serve(provider: impl Provider, context: &Context, stdout: &mut dyn Write) -> Result<()> {
    let runtime = crate::context::runtime().map_err(|error| failed("cannot start", error))?;
    let served = runtime.block_on(greet_and_serve(Arc::new(provider), context, stdout));
    runtime.shutdown_background();
    served
}

async fn greet_and_serve(
    provider: Arc<dyn Provider>,
    context: &Context,
    stdout: &mut dyn Write,
) -> Result<()> {
    let identity = match handshake::admission(&context.env)? {
        Admission::Holder(certificate) => Some(Identity::new(certificate)?),
        Admission::Anyone => None,
    };
    let answers = Arc::new(Answers::new(provider, Arc::clone(&context.clock)));
    let life = Arc::new(Life::new(answers));
    let socket = PluginSocket::open(context.env.os("TMPDIR").map(Into::into))?;
    // Before the handshake line: after it Terraform may be interrupted.
    let signals =
        BackgroundSignals::listen().map_err(|error| failed("cannot handle signals", error))?;

    let certificate = identity.as_ref().map(|identity| &identity.certificate);
    let line = handshake::line(PluginSocket::NETWORK, &socket.address(), certificate);
    let told = stdout.write_all(line.as_bytes());
    told.and_then(|()| stdout.flush()).map_err(|error| {
        Error::new(Kind::Output, "cannot tell Terraform where to connect").with_source(error)
    })?;

    let tls = identity.map(|identity| identity.acceptor);
    life.run(socket, tls, signals).await;
    Ok(())
}

fn failed(what: &str, error: std::io::Error) -> Error {
    Error::new(Kind::System, what).with_source(error)
}
