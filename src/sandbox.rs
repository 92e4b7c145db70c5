//! A local stand-in for Genesys Cloud: a login host that mints tokens and an API host that
//! checks them, each with its own clock. Tests start it in their process, people by
//! `gc-token sandbox`. State is kept in memory only, and the default secret is public.

mod api;
mod cloud;
mod config;
mod control;
mod counters;
pub mod duration;
mod fault_injection;
mod faults;
mod issuer;
mod latency;
mod limits;
mod quota;
mod rate_limiter;
mod resources;
mod response;
mod routing;
mod serve;
mod tls;
mod token;
mod token_store;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

pub use config::{ConfigChange, DEFAULT_SECRET, ExpiresInField, SandboxConfig, TokenFormat};
pub use counters::Counters;
pub use faults::{Fault, Faults};
pub use quota::{PathQuota, RequestQuota};

use crate::context::Clock;
use crate::error::{Error, Kind, Result};
use cloud::Cloud;
use tls::SandboxTls;

/// A running stand-in. Dropping it closes all connections and joins its thread.
pub struct Sandbox {
    login: SocketAddr,
    api: SocketAddr,
    tls: Option<SandboxTls>,
    cloud: Arc<Cloud>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sandbox {
    /// Serves both hosts on a thread. They accept connections as soon as this returns.
    ///
    /// # Errors
    /// `Configuration` if an address is not a loopback address or is in use; `System` if the
    /// system cannot provide sockets, a thread or certificates.
    pub fn start(config: SandboxConfig, clock: Arc<dyn Clock>) -> Result<Sandbox> {
        let login = bind_loopback(config.listen_login)?;
        let api = bind_loopback(config.listen_api)?;
        let addresses = (local_address(&login)?, local_address(&api)?);
        let ips = [addresses.0.ip(), addresses.1.ip()];
        let tls = config.tls.then(|| SandboxTls::generate(&ips, config.validity)).transpose()?;
        let cloud = Arc::new(Cloud::new(config, clock));
        let hosts = [(login, issuer::router(cloud.clone())), (api, api::router(cloud.clone()))];
        let server_config = tls.as_ref().map(|tls| tls.server.clone());
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("sandbox".into())
            .spawn(serve::runtime(hosts, server_config, stopped)?)
            .map_err(|cause| cannot_start().with_source(cause))?;
        Ok(Sandbox {
            login: addresses.0,
            api: addresses.1,
            tls,
            cloud,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Returns the base URL of the login host, without a trailing slash.
    pub fn login_url(&self) -> String {
        format!("{}://{}", self.scheme(), self.login)
    }

    pub fn api_url(&self) -> String {
        format!("{}://{}", self.scheme(), self.api)
    }

    pub fn ca_pem(&self) -> Option<&str> {
        self.tls.as_ref().map(|tls| tls.ca_pem.as_str())
    }

    pub fn counters(&self) -> Counters {
        self.cloud.counters()
    }

    /// Returns the tokens that were minted and not revoked, expired ones included, so that
    /// tests can search outputs for them.
    pub fn tokens(&self) -> Vec<String> {
        self.cloud.tokens()
    }

    /// Does the same as `PUT /sandbox/config`.
    pub fn change(&self, change: ConfigChange) {
        self.cloud.change(change);
    }

    /// Does the same as `DELETE /sandbox/tokens`.
    pub fn revoke_all(&self) {
        self.cloud.revoke_all();
    }

    fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Both ends may be gone already if the thread has panicked.
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Binds to loopback only, because any client of the sandbox can mint tokens and change its
/// configuration.
fn bind_loopback(address: SocketAddr) -> Result<TcpListener> {
    let refused = |kind: Kind| Error::new(kind, format!("the sandbox cannot listen on {address}"));
    if !address.ip().is_loopback() {
        return Err(refused(Kind::Configuration)
            .with_cause("it is not a loopback address")
            .with_hint("use 127.0.0.1:0 for any port"));
    }
    crate::listener::bind(address)
        .map_err(|cause| crate::listener::explain(refused(Kind::of_listen_error(&cause)), cause))
}

fn local_address(listener: &TcpListener) -> Result<SocketAddr> {
    listener.local_addr().map_err(|cause| cannot_start().with_source(cause))
}

fn cannot_start() -> Error {
    Error::new(Kind::System, "the sandbox cannot start")
}
