//! A local stand-in for Genesys Cloud: a login host that mints tokens and an
//! API host that judges them, each with a clock of its own.
//!
//! It is a real HTTP server on loopback, for tests in the same process and as
//! a command for people. It keeps nothing, and its default secret is public.

mod api;
mod cloud;
mod config;
mod control;
pub mod duration;
mod faults;
mod issuer;
mod mint;
mod mishap;
mod reply;
mod routing;
mod serve;
mod tls;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

pub use cloud::Counters;
pub use config::{ConfigChange, DEFAULT_SECRET, ExpiresInField, SandboxConfig, TokenFormat};
pub use faults::{Fault, Faults};

use crate::context::Clock;
use crate::error::{Error, Kind, Result};
use cloud::Cloud;
use tls::Tls;

/// A running stand-in. Dropping it stops it: open connections are cut, and its
/// thread has ended when the drop returns.
pub struct Sandbox {
    login: SocketAddr,
    api: SocketAddr,
    tls: Option<Tls>,
    cloud: Arc<Cloud>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sandbox {
    /// Listens on both addresses and serves on a thread of its own. Requests
    /// are accepted from the moment that this returns.
    ///
    /// # Errors
    /// `Configuration` when an address is not a loopback address or cannot be
    /// listened on, or when no certificates can be made.
    pub fn start(plan: SandboxConfig, clock: Arc<dyn Clock>) -> Result<Sandbox> {
        let login = listen(plan.listen_login)?;
        let api = listen(plan.listen_api)?;
        let addresses = (address(&login)?, address(&api)?);
        let tls = match plan.tls {
            true => Some(Tls::generate(&[addresses.0.ip(), addresses.1.ip()], plan.validity)?),
            false => None,
        };
        let cloud = Arc::new(Cloud::new(plan, clock));
        let hosts = [(login, issuer::router(cloud.clone())), (api, api::router(cloud.clone()))];
        let config = tls.as_ref().map(|tls| tls.server.clone());
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("sandbox".into())
            .spawn(serve::runtime(hosts, config, stopped)?)
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

    /// The base URL of the login host, without a slash at its end.
    pub fn login_url(&self) -> String {
        format!("{}://{}", self.scheme(), self.login)
    }

    /// The base URL of the API host, without a slash at its end.
    pub fn api_url(&self) -> String {
        format!("{}://{}", self.scheme(), self.api)
    }

    /// The certificate to trust, where the hosts speak TLS.
    pub fn ca_pem(&self) -> Option<&str> {
        self.tls.as_ref().map(|tls| tls.ca_pem.as_str())
    }

    /// What has happened so far.
    pub fn counters(&self) -> Counters {
        self.cloud.counters()
    }

    /// The tokens that were made and not revoked, dead ones included: to look
    /// for them where they must not be.
    pub fn tokens(&self) -> Vec<String> {
        self.cloud.tokens()
    }

    /// Changes the plan from now on, as `PUT /sandbox/config` does.
    pub fn change(&self, change: ConfigChange) {
        self.cloud.change(change);
    }

    /// Makes every token unknown to the API, as `DELETE /sandbox/tokens` does.
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

/// Whoever reaches the sandbox can mint tokens and change its plan, so it
/// stays on this machine.
fn listen(address: SocketAddr) -> Result<TcpListener> {
    let refused = |kind: Kind| Error::new(kind, format!("the sandbox cannot listen on {address}"));
    if !address.ip().is_loopback() {
        return Err(refused(Kind::Configuration)
            .with_cause("it is not a loopback address")
            .with_hint("use 127.0.0.1:0 for any port"));
    }
    crate::listener::bind(address).map_err(|cause| {
        refused(Kind::of_listen_error(&cause))
            .with_source(cause)
            .with_hint("port 0 picks a free port")
    })
}

fn address(listener: &TcpListener) -> Result<SocketAddr> {
    listener.local_addr().map_err(|cause| cannot_start().with_source(cause))
}

fn cannot_start() -> Error {
    Error::new(Kind::System, "the sandbox cannot start")
}
