//! Interception: a forward proxy on loopback, for clients that cannot be
//! pointed anywhere else.
//!
//! The run's child is told to use it as its proxy. Connections to the cloud's
//! hosts end here, with certificates of an authority that was made for
//! this run, and their requests get the token that is current. Connections to
//! any other host are passed on, byte for byte.

mod absolute;
mod ca_bundles;
mod certifi;
mod front;
mod hosts;
mod proxy_auth;
mod run_ca;
mod tunnel;
mod variables;

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use crate::config::{Issuer, NetworkSettings};
use crate::context::Context;
use crate::error::{Error, Kind, Result};
use crate::listener;
use crate::platform::GO_READS_SSL_CERT_FILE;
use crate::proxy::{ClientConnection, ConnectionLimits, ReverseProxy, Server};

use ca_bundles::{CaBundles, TrustSources};
use front::ConnectProxy;
#[cfg(fuzzing)]
pub(crate) use front::fuzz as fuzz_connect;
use hosts::InterceptedHosts;
use proxy_auth::ProxyCredentials;
use run_ca::{RunCa, validity};
pub use variables::EnvVariable;

/// Which hosts are intercepted, and how the others are reached.
#[derive(Debug)]
pub struct InterceptionConfig {
    names: InterceptedHosts,
    network: NetworkSettings,
    command: Option<PathBuf>,
}

/// A proxy that serves, until it is closed or the runtime ends.
pub struct Interception {
    variables: Vec<EnvVariable>,
    bundles: CaBundles,
    door: Arc<Server>,
}

impl InterceptionConfig {
    /// The hosts of the issuer's region.
    ///
    /// # Errors
    /// `Configuration` when there is no region, and where clients do not read
    /// the certificates that they are given.
    pub fn new(issuer: &Issuer, network: NetworkSettings) -> Result<InterceptionConfig> {
        if !GO_READS_SSL_CERT_FILE {
            return Err(cannot()
                .with_cause("programs written in Go, such as Terraform's providers, do not read SSL_CERT_FILE on macOS")
                .with_hint("use --gateway"));
        }
        let region = issuer.region.ok_or_else(|| {
            cannot()
                .with_cause("no region is set, so it is not known which hosts those are")
                .with_hint(
                    "set --region, and --login-url and --api-url where its requests go elsewhere",
                )
        })?;
        Ok(InterceptionConfig { names: InterceptedHosts::of(region), network, command: None })
    }

    /// For this program, which may bring along whom it trusts.
    pub fn for_command(self, program: &Path) -> InterceptionConfig {
        InterceptionConfig { command: Some(program.to_owned()), ..self }
    }
}

impl Interception {
    /// Listens, and serves in the background. Within a runtime.
    ///
    /// # Errors
    /// `System` when it cannot listen or there is no place for the certificates,
    /// `Configuration` when a certificate that is trusted already cannot be read.
    pub fn start(
        relay: Arc<ReverseProxy>,
        plan: InterceptionConfig,
        context: &Context,
    ) -> Result<Interception> {
        let InterceptionConfig { names, network, command } = plan;
        let validity = validity(&context.clock.read(), &relay.validity());
        let authority = RunCa::new(&names, validity)?;
        let sources =
            TrustSources { ca_file: network.ca_file.as_deref(), command: command.as_deref() };
        let bundles = CaBundles::write(&authority.pem, &sources, &context.env)?;
        let loopback = (Ipv4Addr::LOCALHOST, 0).into();
        let listener =
            listener::bind(loopback).and_then(TcpListener::from_std).map_err(no_socket)?;
        let address = listener.local_addr().map_err(no_socket)?;
        let credentials = ProxyCredentials::random()?;
        let proxy = format!("http://{}@{address}", credentials.expose());
        let mut variables = variables::proxying(&proxy, names.hosts(), &context.env);
        variables.extend_from_slice(bundles.variables());
        let (limits, noting) = (ConnectionLimits::of_this_process(), relay.clone());
        let door = Server::new(limits.entry, move |status, why| noting.unreadable(status, why));
        let tunnel_connector = crate::net::TunnelConnector::new(&network, context);
        let front = ConnectProxy::new(
            relay,
            names,
            credentials,
            authority.tls,
            tunnel_connector,
            door.clone(),
            &limits,
        );
        let front = Arc::new(front);
        let answer = move |client: &ClientConnection, request| {
            let answer = front.clone().answer(client, request);
            async { Ok(answer.await) }
        };
        tokio::spawn(door.clone().accept(listener, answer));
        Ok(Interception { variables, bundles, door })
    }

    /// What the run's child needs. It holds the password of the proxy.
    pub fn variables(&self) -> &[EnvVariable] {
        &self.variables
    }

    /// Where the certificates are. It is removed when this is dropped; who
    /// outlives this process should it be killed has to see to it.
    pub fn directory(&self) -> &Path {
        self.bundles.directory()
    }

    /// Lets nobody in any more, and waits so long for the cloud's answers that
    /// are under way. Nobody can tell whether anything is under way to other
    /// hosts: such connections end with the runtime.
    pub async fn close(&self, patience: Duration) {
        self.door.close(patience).await;
    }
}

fn no_socket(error: std::io::Error) -> Error {
    Error { kind: Kind::System, ..cannot().with_source(error) }
}

fn cannot() -> Error {
    Error::new(Kind::Configuration, "the cloud's hosts cannot be intercepted")
}
