//! Waits for the plugin's one client, serves it, and ends with it.

use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::rpc::GrpcService;
use super::service::ProviderService;
use super::shutdown::Shutdown;
use crate::platform::{BackgroundSignals, ParentProcess, PluginSocket};

/// Terraform gives up on a plugin after the same time.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(60);

const TLS_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Time to send the response to Shutdown. Terraform hangs up as soon as it has it, and
/// kills the plugin after two seconds.
const SHUTDOWN_RESPONSE_TIMEOUT: Duration = Duration::from_millis(500);

const PARENT_CHECK_INTERVAL: Duration = Duration::from_secs(1);

const ACCEPT_RETRY_INTERVAL: Duration = Duration::from_millis(100);

pub(super) struct PluginServer {
    service: Arc<ProviderService>,
    shutdown: Arc<Shutdown>,
    parent: ParentProcess,
}

impl PluginServer {
    /// Creates a server that ends with the present parent process at the latest.
    pub(super) fn new(service: Arc<ProviderService>) -> PluginServer {
        let shutdown = Arc::new(Shutdown::new(Arc::clone(&service)));
        PluginServer { service, shutdown, parent: ParentProcess::current() }
    }

    /// Serves the first client that connects to `socket`, until it calls Shutdown, closes
    /// the connection, or the parent process ends.
    ///
    /// Terraform connects once. The socket is removed then, so that no second client can
    /// connect and even SIGKILL leaves no file behind.
    pub(super) async fn run(
        self,
        socket: PluginSocket,
        tls: Option<TlsAcceptor>,
        mut signals: BackgroundSignals,
    ) {
        let client = tokio::select! {
            client = accept_client(&socket, tls) => Some(client),
            () = self.parent_ended() => None,
            () = signals.next() => None,
            () = sleep(CONNECT_TIMEOUT) => None,
        };
        drop(socket);
        if let Some(client) = client {
            self.serve_connection(client).await;
        }
        self.shutdown.end_provider().await;
    }

    async fn serve_connection(&self, client: BoxedIo) {
        let grpc = GrpcService {
            service: Arc::clone(&self.service),
            shutdown: Arc::clone(&self.shutdown),
        };
        let mut connection = std::pin::pin!(
            http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(client), grpc)
        );
        tokio::select! {
            _ = &mut connection => {}
            () = self.parent_ended() => {}
            () = self.shutdown.requested() => {
                let _ = timeout(SHUTDOWN_RESPONSE_TIMEOUT, connection).await;
            }
        }
    }

    async fn parent_ended(&self) {
        while self.parent.is_alive() {
            sleep(PARENT_CHECK_INTERVAL).await;
        }
    }
}

type BoxedIo = Box<dyn AsyncIo>;

trait AsyncIo: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> AsyncIo for T {}

/// Returns the first client that passes TLS. Handshakes run side by side, so that a client
/// that stalls does not hold up another.
async fn accept_client(socket: &PluginSocket, tls: Option<TlsAcceptor>) -> BoxedIo {
    let mut handshakes = JoinSet::new();
    loop {
        tokio::select! {
            accepted = socket.accept() => match (accepted, &tls) {
                (Ok(stream), None) => return Box::new(stream),
                (Ok(stream), Some(tls)) => {
                    handshakes.spawn(timeout(TLS_HANDSHAKE_TIMEOUT, tls.accept(stream)));
                }
                // Probably out of file descriptors.
                (Err(_), _) => sleep(ACCEPT_RETRY_INTERVAL).await,
            },
            Some(handshake) = handshakes.join_next() => {
                if let Ok(Ok(Ok(stream))) = handshake {
                    return Box::new(stream);
                }
            }
        }
    }
}
