//! The plugin's life: waits for its one client, serves it, and ends with it.

use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Notify, OnceCell};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::rpc::Rpcs;
use super::service::Answers;
use crate::platform::{BackgroundSignals, ParentProcess, PluginSocket};

/// How long Terraform may take to connect; it gives up on a plugin after the
/// same time.
const ARRIVAL: Duration = Duration::from_secs(60);

/// How long a client may take to show its certificate.
const TLS_HANDSHAKE: Duration = Duration::from_secs(10);

/// How long the provider may take for its end.
const END: Duration = Duration::from_secs(10);

/// How long the reply to Shutdown may take to get through. Terraform hangs up
/// as soon as it has it, and kills the plugin after two seconds.
const FAREWELL: Duration = Duration::from_millis(500);

/// How often to look whether the parent is still there.
const PARENT_CHECK: Duration = Duration::from_secs(1);

/// What decides on the plugin's end.
pub(super) struct Life {
    answers: Arc<Answers>,
    ended: OnceCell<()>,
    farewell: Notify,
    parent: ParentProcess,
}

impl Life {
    /// A life that ends with the present parent's at the latest.
    pub(super) fn new(answers: Arc<Answers>) -> Life {
        let parent = ParentProcess::current();
        Life { answers, ended: OnceCell::new(), farewell: Notify::new(), parent }
    }

    /// Lets the provider do what must happen at the end; once.
    pub(super) async fn end(self: Arc<Life>) {
        let end = || async {
            let answers = Arc::clone(&self.answers);
            let work = tokio::task::spawn_blocking(move || answers.end());
            let _ = timeout(END, work).await;
        };
        self.ended.get_or_init(end).await;
    }

    /// The reply to Shutdown is on its way: the process ends soon.
    pub(super) fn say_farewell(&self) {
        self.farewell.notify_one();
    }

    /// Serves the first client that comes in through `socket`, until it says
    /// Shutdown, hangs up, or its process dies.
    ///
    /// Terraform connects once. From then on there is no socket: no second
    /// client can come, and even SIGKILL leaves nothing behind.
    pub(super) async fn run(
        self: Arc<Life>,
        socket: PluginSocket,
        tls: Option<TlsAcceptor>,
        mut signals: BackgroundSignals,
    ) {
        let client = tokio::select! {
            client = first_client(&socket, tls) => Some(client),
            () = self.orphaned() => None,
            () = signals.next() => None,
            () = sleep(ARRIVAL) => None,
        };
        drop(socket);
        if let Some(client) = client {
            let rpcs = Rpcs { answers: Arc::clone(&self.answers), life: Arc::clone(&self) };
            let mut connection = std::pin::pin!(
                http2::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(client), rpcs)
            );
            tokio::select! {
                _ = &mut connection => {}
                () = self.orphaned() => {}
                () = self.farewell.notified() => {
                    let _ = timeout(FAREWELL, connection).await;
                }
            }
        }
        self.end().await;
    }

    /// Waits until the parent has died, by which this process gets another.
    async fn orphaned(&self) {
        while self.parent.is_alive() {
            sleep(PARENT_CHECK).await;
        }
    }
}

/// A connection, with or without TLS.
type Client = Box<dyn Io>;

trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// The first client that is let in. One that stalls keeps no other waiting.
async fn first_client(socket: &PluginSocket, tls: Option<TlsAcceptor>) -> Client {
    let mut handshakes = JoinSet::new();
    loop {
        tokio::select! {
            accepted = socket.accept() => match (accepted, &tls) {
                (Ok(stream), None) => return Box::new(stream),
                (Ok(stream), Some(tls)) => {
                    handshakes.spawn(timeout(TLS_HANDSHAKE, tls.accept(stream)));
                }
                // Out of file descriptors, perhaps: it may pass.
                (Err(_), _) => sleep(Duration::from_millis(100)).await,
            },
            Some(handshake) = handshakes.join_next() => {
                if let Ok(Ok(Ok(stream))) = handshake {
                    return Box::new(stream);
                }
            }
        }
    }
}
