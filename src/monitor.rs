//! Serves metrics, health checks and the status page beside a proxy, at an address of their
//! own. Nothing that it serves is secret, and nothing can be changed through it.

mod events;
mod page;
mod response;
mod router;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Kind, Result};
use crate::listener;
use crate::proxy::{AllowedHosts, ClientConnection, ReverseProxy, Server};
use router::respond;

#[derive(Debug)]
pub struct MonitorConfig {
    pub listen: SocketAddr,
    pub allowed_hosts: AllowedHosts,
}

pub struct Monitor {
    address: SocketAddr,
    server: Arc<Server>,
    shutdown: CancellationToken,
}

struct MonitorState {
    proxy: Arc<ReverseProxy>,
    allowed_hosts: AllowedHosts,
    /// Cancelled when the monitor drains: responses without an end have to end then.
    shutdown: CancellationToken,
    event_streams: Arc<Semaphore>,
}

const MAX_CONNECTIONS: usize = 32;

impl Monitor {
    /// Serves in the background of the current runtime.
    ///
    /// # Errors
    /// `Configuration` if the address cannot be bound; `System` if the system gives no socket.
    pub fn start(proxy: Arc<ReverseProxy>, config: MonitorConfig) -> Result<Monitor> {
        let MonitorConfig { listen, allowed_hosts } = config;
        let bound = listener::bind(listen).and_then(TcpListener::from_std);
        let listener = bound.map_err(|error| cannot_listen(listen, error))?;
        let address = listener.local_addr().map_err(|error| cannot_listen(listen, error))?;
        let server = Server::new(MAX_CONNECTIONS, |_, _| {});
        let shutdown = CancellationToken::new();
        let state = Arc::new(MonitorState {
            proxy,
            allowed_hosts,
            shutdown: shutdown.clone(),
            event_streams: Arc::new(Semaphore::new(events::MAX_STREAMS)),
        });
        let respond = move |client: &ClientConnection, request: Request<Incoming>| {
            let response = respond(&state, client, &request);
            async { Ok(response) }
        };
        tokio::spawn(server.clone().serve(listener, respond));
        Ok(Monitor { address, server, shutdown })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting and lets open requests finish, for at most `timeout`.
    pub async fn drain(&self, timeout: Duration) {
        self.shutdown.cancel();
        self.server.drain(timeout).await;
    }
}

fn cannot_listen(address: SocketAddr, error: std::io::Error) -> Error {
    let message = format!("--metrics-listen: cannot listen on {address}");
    listener::explain(Error::new(Kind::of_listen_error(&error), message), error)
}
