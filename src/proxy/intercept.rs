//! Interception: a forward proxy on loopback, for clients whose API URL cannot be changed.
//!
//! The run's child uses it as its HTTPS proxy. Connections to the hosts of Genesys Cloud end
//! here, with certificates of an authority that is made for this run, and their requests
//! get the current token. Other connections are tunnelled.

mod absolute_form;
mod ca_bundles;
mod certifi;
mod connect;
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
use crate::net::TunnelConnector;
use crate::platform::GO_READS_SSL_CERT_FILE;
use crate::proxy::{ClientConnection, ConnectionLimits, ReverseProxy, Server};

use ca_bundles::{CaBundles, TrustSources};
use connect::ConnectProxy;
#[cfg(fuzzing)]
pub(crate) use connect::fuzz as fuzz_connect;
use hosts::InterceptedHosts;
use proxy_auth::ProxyCredentials;
use run_ca::{RunCa, validity_period};
pub use variables::EnvVariable;

#[derive(Debug)]
pub struct InterceptionConfig {
    hosts: InterceptedHosts,
    network: NetworkSettings,
    command: Option<PathBuf>,
}

/// Serves until it drains or the runtime ends.
pub struct Interception {
    variables: Vec<EnvVariable>,
    ca_bundles: CaBundles,
    server: Arc<Server>,
}

impl InterceptionConfig {
    /// Intercepts the hosts of the issuer's region.
    ///
    /// # Errors
    /// `Configuration` without a region, and where Go ignores `SSL_CERT_FILE` (macOS).
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
                    "set --region; a --login-url or --api-url still decides where requests are sent",
                )
        })?;
        Ok(InterceptionConfig { hosts: InterceptedHosts::of(region), network, command: None })
    }

    /// `program` may bring its own CA bundle along.
    pub fn for_command(self, program: &Path) -> InterceptionConfig {
        InterceptionConfig { command: Some(program.to_owned()), ..self }
    }
}

impl Interception {
    /// Serves in the background of the current runtime.
    ///
    /// # Errors
    /// `System` if it cannot listen or write the CA bundles, `Configuration` if an existing CA
    /// bundle cannot be read.
    pub fn start(
        proxy: Arc<ReverseProxy>,
        config: InterceptionConfig,
        context: &Context,
    ) -> Result<Interception> {
        let InterceptionConfig { hosts, network, command } = config;
        let validity = validity_period(&context.clock.read(), &proxy.validity());
        let run_ca = RunCa::new(&hosts, validity)?;
        let sources =
            TrustSources { ca_file: network.ca_file.as_deref(), command: command.as_deref() };
        let ca_bundles = CaBundles::write(&run_ca.pem, &sources, &context.env)?;
        let loopback = (Ipv4Addr::LOCALHOST, 0).into();
        let listener =
            listener::bind(loopback).and_then(TcpListener::from_std).map_err(no_socket)?;
        let address = listener.local_addr().map_err(no_socket)?;
        let credentials = ProxyCredentials::random()?;
        let proxy_url = format!("http://{}@{address}", credentials.expose());
        let mut variables = variables::proxy_variables(&proxy_url, hosts.names(), &context.env);
        variables.extend_from_slice(ca_bundles.variables());
        let limits = ConnectionLimits::of_this_process();
        let logging = proxy.clone();
        let server = Server::new(limits.before_connect, move |status, error| {
            logging.log_unreadable(status, error);
        });
        let connector = TunnelConnector::new(&network, context);
        let connect_proxy = Arc::new(ConnectProxy::new(
            proxy,
            hosts,
            credentials,
            run_ca.tls,
            connector,
            server.clone(),
            &limits,
        ));
        let respond = move |client: &ClientConnection, request| {
            let response = connect_proxy.clone().respond(client, request);
            async { Ok(response.await) }
        };
        tokio::spawn(server.clone().serve(listener, respond));
        Ok(Interception { variables, ca_bundles, server })
    }

    /// Returns the variables for the run's child. They hold the password of the proxy.
    pub fn variables(&self) -> &[EnvVariable] {
        &self.variables
    }

    /// Returns the directory of the CA bundles. It is removed on drop, but not if the process
    /// is killed.
    pub fn directory(&self) -> &Path {
        self.ca_bundles.directory()
    }

    /// Stops accepting and lets open requests to intercepted hosts finish, for at most
    /// `timeout`. Tunnels end with the runtime: nobody can tell whether they are in use.
    pub async fn drain(&self, timeout: Duration) {
        self.server.drain(timeout).await;
    }
}

fn no_socket(error: std::io::Error) -> Error {
    Error { kind: Kind::System, ..cannot().with_source(error) }
}

fn cannot() -> Error {
    Error::new(Kind::Configuration, "the cloud's hosts cannot be intercepted")
}
