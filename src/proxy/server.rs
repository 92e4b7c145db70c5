//! Serves client connections: limits their number, cuts off slow clients and drains on
//! shutdown.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use hyper::body::{Body, Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::body::ResponseBody;
use super::client_stream::ClientStream;
use super::connection::ClientConnection;
use super::permits::ConnectionPermits;
use crate::box_error::BoxError;
use crate::listener;
use crate::platform::set_send_buffer;

pub(crate) struct Server {
    permits: Arc<ConnectionPermits>,
    shutdown: CancellationToken,
    connections: TaskTracker,
    on_unreadable: Box<OnUnreadable>,
}

/// Called with the status and the parse error of a request that could not be read.
type OnUnreadable = dyn Fn(StatusCode, &hyper::Error) + Send + Sync;

pub(crate) type ServiceResult<B = ResponseBody> = Result<Response<B>, Infallible>;

/// The time a client has to authenticate, unless its connection is evicted before.
const AUTHENTICATION_TIMEOUT: Duration = Duration::from_secs(10);

/// The time a client has to send the head of a request; also the idle time of a
/// connection.
pub(super) const HEADER_TIMEOUT: Duration = Duration::from_secs(75);

/// The longest time in which a client reads nothing of a response.
const WRITE_TIMEOUT: Duration = Duration::from_secs(120);

/// Limits the head of a request, and what is buffered of either body.
const MAX_BUFFER: usize = 32 << 10;

/// The kernel's send buffer: by default it grows to several megabytes for a client that
/// does not read.
const SEND_BUFFER: usize = 256 << 10;

pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

impl Server {
    pub(crate) fn new(
        max_connections: usize,
        on_unreadable: impl Fn(StatusCode, &hyper::Error) + Send + Sync + 'static,
    ) -> Arc<Server> {
        Arc::new(Server {
            permits: ConnectionPermits::new(max_connections),
            shutdown: CancellationToken::new(),
            connections: TaskTracker::new(),
            on_unreadable: Box::new(on_unreadable),
        })
    }

    /// Accepts connections until the server drains. `respond` has to call
    /// [`ClientConnection::set_authenticated`] on the connections of rightful clients.
    pub(crate) async fn serve<R, F, B>(self: Arc<Self>, listener: TcpListener, respond: R)
    where
        R: Fn(&ClientConnection, Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = ServiceResult<B>> + Send + 'static,
        B: Body<Data = Bytes, Error: Into<BoxError>> + Send + Unpin + 'static,
    {
        let accept = async {
            loop {
                // The connection comes first: no client is evicted before another one needs its permit.
                let stream = listener::accept(&listener).await;
                let permit = self.permits.acquire().await;
                let (server, respond) = (self.clone(), respond.clone());
                let client = ClientConnection::unauthenticated(permit);
                tokio::spawn(async move {
                    let _ = set_send_buffer(&stream, SEND_BUFFER);
                    let respond = |request| respond(&client, request);
                    tokio::select! {
                        // Checked first, so that a client that has just authenticated stays.
                        biased;
                        () = client.evicted_or_timed_out(AUTHENTICATION_TIMEOUT) => {}
                        () = server.serve_connection(with_write_timeout(stream), respond) => {}
                    }
                });
            }
        };
        self.shutdown.run_until_cancelled(accept).await;
    }

    pub(crate) async fn serve_connection<S, R, F, B>(&self, stream: S, respond: R)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        R: Fn(Request<Incoming>) -> F,
        F: Future<Output = ServiceResult<B>>,
        B: Body<Data = Bytes, Error: Into<BoxError>> + Unpin + 'static,
    {
        let (stream, exchange) = ClientStream::new(stream);
        let service = service_fn(|request| {
            let (guard, response) = (exchange.begin(), respond(request));
            async { response.await.map(|response| response.map(|body| guard.track(body))) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            // As in the connection pool.
            .writev(false)
            .max_buf_size(MAX_BUFFER)
            // The upstream's date is forwarded: the clock of this machine may be wrong.
            .auto_date_header(false)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut connection = pin!(connection);
        let drained = self.connections.track_future(async {
            tokio::select! {
                result = &mut connection => result,
                () = self.shutdown.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            }
        });
        if let (Err(error), Some(status)) = (drained.await, exchange.refused()) {
            (self.on_unreadable)(status, &error);
        }
    }

    /// Stops accepting and lets open requests finish, for at most `timeout`.
    pub(crate) async fn drain(&self, timeout: Duration) {
        self.shutdown.cancel();
        self.connections.close();
        let _ = tokio::time::timeout(timeout, self.connections.wait()).await;
    }
}

fn with_write_timeout<S: AsyncRead + AsyncWrite>(stream: S) -> Pin<Box<TimeoutStream<S>>> {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_TIMEOUT));
    Box::pin(stream)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::net::TcpStream;

    use super::super::error_response;
    use super::*;
    use crate::context::timer_clock;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    async fn not_found(_: Request<Incoming>) -> ServiceResult {
        Ok(error_response(StatusCode::NOT_FOUND, "nothing is here"))
    }

    fn server() -> Arc<Server> {
        Server::new(1, |_, _| {})
    }

    /// Sends `bytes` and no more; returns the seconds until the connection is closed, and
    /// the response.
    async fn serve_partial_request(bytes: &[u8]) -> (u64, String) {
        let (mut client, stream) = duplex(4_096);
        client.write_all(bytes).await.unwrap();
        let start = timer_clock();
        server().serve_connection(stream, not_found).await;
        let mut response = String::new();
        client.read_to_string(&mut response).await.unwrap();
        (start.elapsed().as_secs(), response)
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_finish_a_head_is_cut_off() {
        let timeout = 75;
        assert_eq!(serve_partial_request(b"GET / HTTP/1.1\r\nX-A: b\r\n").await.0, timeout);
        assert_eq!(serve_partial_request(b"").await.0, timeout);
        // Idle after a response.
        let (time, response) = serve_partial_request(REQUEST).await;
        assert_eq!(time, timeout);
        assert!(response.starts_with("HTTP/1.1 404 "), "{response}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_read_is_cut_off() {
        let (mut client, stream) = duplex(64);
        client.write_all(REQUEST).await.unwrap();
        let start = timer_clock();
        server().serve_connection(with_write_timeout(stream), not_found).await;
        assert_eq!(start.elapsed().as_secs(), 120);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_slowly_gets_the_whole_response() {
        let (mut client, stream) = duplex(64);
        client.write_all(REQUEST).await.unwrap();
        let server = server();
        let serving = server.serve_connection(with_write_timeout(stream), not_found);
        let reading = async {
            let mut response = Vec::new();
            while !response.ends_with(b"}") {
                tokio::time::sleep(WRITE_TIMEOUT - Duration::from_secs(1)).await;
                let mut chunk = [0; 64];
                let count = client.read(&mut chunk).await.unwrap();
                assert_ne!(count, 0, "cut off after {}", String::from_utf8_lossy(&response));
                response.extend_from_slice(&chunk[..count]);
            }
            drop(client);
        };
        tokio::join!(serving, reading);
    }

    #[tokio::test(start_paused = true)]
    async fn unauthenticated_clients_are_evicted_without_delay() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Server::new(4, |_, _| {});
        tokio::spawn(server.serve(listener, |client: &ClientConnection, request| {
            client.set_authenticated();
            not_found(request)
        }));
        let start = timer_clock();
        let mut clients = Vec::new();
        for _ in 0..100 {
            clients.push(TcpStream::connect(address).await.unwrap());
        }
        let mut client = clients.pop().unwrap();
        client.write_all(REQUEST).await.unwrap();
        assert_eq!(client.read_u8().await.unwrap(), b'H');
        assert!(start.elapsed() < AUTHENTICATION_TIMEOUT, "{:?}", start.elapsed());
        // The others are evicted, and the authenticated client stays until it is idle.
        let mut received = Vec::new();
        for mut other in clients {
            assert_eq!(other.read_to_end(&mut received).await.unwrap_or(0), 0);
        }
        client.read_to_end(&mut received).await.unwrap();
        assert_eq!(start.elapsed().as_secs(), HEADER_TIMEOUT.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn draining_closes_idle_connections_and_waits_for_open_requests() {
        let server = server();
        let (idle, stream) = duplex(64);
        tokio::spawn({
            let server = server.clone();
            async move { server.serve_connection(stream, not_found).await }
        });
        let (mut busy, stream) = duplex(4_096);
        let slow = |request| async {
            tokio::time::sleep(Duration::from_secs(7)).await;
            not_found(request).await
        };
        tokio::spawn({
            let server = server.clone();
            async move { server.serve_connection(stream, slow).await }
        });
        busy.write_all(REQUEST).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        let start = timer_clock();
        server.drain(DRAIN_TIMEOUT).await;
        assert_eq!(start.elapsed().as_secs(), 6);
        let mut response = String::new();
        busy.read_to_string(&mut response).await.unwrap();
        assert!(response.starts_with("HTTP/1.1 404 "), "{response}");
        drop(idle);
    }

    #[tokio::test(start_paused = true)]
    async fn draining_waits_no_longer_than_the_timeout_and_accepts_nothing_more() {
        let server = server();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let serving = tokio::spawn(
            server.clone().serve(listener, |_: &ClientConnection, request: Request<Incoming>| {
                not_found(request)
            }),
        );
        let (mut busy, stream) = duplex(4_096);
        tokio::spawn({
            let server = server.clone();
            async move {
                server.serve_connection(stream, |_| std::future::pending::<ServiceResult>()).await
            }
        });
        busy.write_all(REQUEST).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        let start = timer_clock();
        server.drain(DRAIN_TIMEOUT).await;
        assert_eq!(start.elapsed().as_secs(), 10);
        serving.await.unwrap();
    }
}
