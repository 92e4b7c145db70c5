//! Connections of clients: so many at a time, none that dawdles, and none cut
//! off in the middle of an answer.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_io_timeout::TimeoutStream;

use super::body::Body;
use super::client_stream::ClientStream;
use super::connection::ClientConnection;
use super::permits::ConnectionPermits;
use crate::listener;
use crate::net::TimeoutPool;
use crate::platform::set_send_buffer;
use crate::sync;

/// Where clients come in.
pub struct Server {
    permits: Arc<ConnectionPermits>,
    /// Tells every connection to come to its end. `None` once it has told.
    open: Mutex<Option<watch::Sender<()>>>,
    heads: TimeoutPool,
    unauthenticated: TimeoutPool,
    unreadable: Box<Unreadable>,
}

/// Told of a request that could not be read: the status with which it was refused, and
/// why.
type Unreadable = dyn Fn(StatusCode, &hyper::Error) + Send + Sync;

/// There always is one, be it our own that tells of a failure.
pub(crate) type Answer = Result<Response<Body>, Infallible>;

/// The time in which a client has to show that it may be here. It is shorter when
/// permits run out.
const AUTHENTICATION_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a client may take to send a request's head; also how long a
/// connection may be idle.
pub(super) const HEAD: Duration = Duration::from_secs(75);

/// How long a client may take nothing of an answer.
const STALL: Duration = Duration::from_secs(120);

/// Room for the head of a request, for what is read ahead of a body, and for what waits
/// of an answer until its client takes it.
const BUFFER: usize = 32 << 10;

/// The system's buffer for what is sent to one client, which is near. By default it
/// grows to several megabytes for one that does not read.
const SENT: usize = 256 << 10;

/// How long requests in flight are waited for at the end.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

impl Server {
    /// A door with this many permits.
    pub(crate) fn new(
        permits: usize,
        unreadable: impl Fn(StatusCode, &hyper::Error) + Send + Sync + 'static,
    ) -> Arc<Server> {
        Arc::new(Server {
            permits: ConnectionPermits::new(permits),
            open: Mutex::new(Some(watch::Sender::new(()))),
            heads: TimeoutPool::new(HEAD),
            unauthenticated: TimeoutPool::new(AUTHENTICATION_TIMEOUT),
            unreadable: Box::new(unreadable),
        })
    }

    /// Lets clients in, and has each of their requests answered, until the
    /// door is closed. `answer` also marks the connections of clients that may be here.
    pub(crate) async fn accept<A, F>(self: Arc<Self>, listener: TcpListener, answer: A)
    where
        A: Fn(&ClientConnection, Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Answer> + Send + 'static,
    {
        let Some(mut closing) = self.watch() else {
            return;
        };
        loop {
            // Nobody is evicted before there is a client that needs the permit.
            let stream = tokio::select! {
                stream = listener::accept(&listener) => stream,
                _ = closing.changed() => return,
            };
            let permit = tokio::select! {
                permit = self.permits.acquire() => permit,
                _ = closing.changed() => return,
            };
            let (door, answer) = (self.clone(), answer.clone());
            let client = ClientConnection::unauthenticated(permit);
            tokio::spawn(async move {
                let answer = |request| answer(&client, request);
                tokio::select! {
                    // Checked first, so that a client which has just authenticated stays.
                    biased;
                    () = client.evicted_or_timed_out(&door.unauthenticated) => {}
                    () = door.converse(patient(stream), answer) => {}
                }
            });
        }
    }

    /// Answers the requests of one connection, until its client or a closing
    /// door ends it. How it ends is the client's affair.
    pub(crate) async fn converse<S, A, F>(&self, stream: S, answer: A)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        A: Fn(Request<Incoming>) -> F,
        F: Future<Output = Answer>,
    {
        let Some(mut closing) = self.watch() else {
            return;
        };
        let (stream, exchange) = ClientStream::new(stream);
        let service = service_fn(|request| {
            let (end, answer) = (exchange.begin(), answer(request));
            async { answer.await.map(|reply| reply.map(|body| end.with(body))) }
        });
        let connection = http1::Builder::new()
            .timer(self.heads.clone())
            .header_read_timeout(HEAD)
            // As on the other side, in the pool.
            .writev(false)
            .max_buf_size(BUFFER)
            // The date is the cloud's: this machine's clock may be wrong.
            .auto_date_header(false)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            ended = &mut connection => ended,
            _ = closing.changed() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let (Err(why), Some(status)) = (ended, exchange.refused()) {
            (self.unreadable)(status, &why);
        }
    }

    /// Lets nobody in any more, and waits for what is under way, but not
    /// longer than `patience`.
    pub async fn close(&self, patience: Duration) {
        let open = sync::lock(&self.open).take();
        if let Some(open) = open {
            let _ = open.send(());
            let _ = tokio::time::timeout(patience, open.closed()).await;
        }
    }

    /// Tells when the door is closed; `None` if it is.
    fn watch(&self) -> Option<watch::Receiver<()>> {
        let open = sync::lock(&self.open);
        open.as_ref().map(watch::Sender::subscribe)
    }
}

fn patient(stream: TcpStream) -> std::pin::Pin<Box<TimeoutStream<TcpStream>>> {
    let _ = set_send_buffer(&stream, SENT);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(STALL));
    Box::pin(stream)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::super::refuse;
    use super::*;
    use crate::context::timer_clock;

    async fn answer(_: Request<Incoming>) -> Answer {
        Ok(refuse(hyper::StatusCode::NOT_FOUND, "nothing is here"))
    }

    fn door() -> Arc<Server> {
        Server::new(1, |_, _| {})
    }

    /// How long a client that sends this, and then nothing, is waited for, and
    /// what it gets.
    async fn waited_for(sent: &str) -> (u64, String) {
        let (mut client, server) = duplex(4_096);
        client.write_all(sent.as_bytes()).await.unwrap();
        let begun = timer_clock();
        door().converse(server, answer).await;
        let mut came = String::new();
        client.read_to_string(&mut came).await.unwrap();
        (begun.elapsed().as_secs(), came)
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_come_to_the_end_of_a_head_is_cut_off() {
        assert_eq!(waited_for("GET / HTTP/1.1\r\nX-A: b\r\n").await.0, HEAD.as_secs());
        assert_eq!(waited_for("").await.0, HEAD.as_secs());
        // Idle after an answer.
        let (time, came) = waited_for("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert_eq!(time, HEAD.as_secs());
        assert!(came.starts_with("HTTP/1.1 404 "), "{came}");
    }

    /// However many come at once, none of them waits until another one's time is over.
    #[tokio::test(start_paused = true)]
    async fn strangers_make_room_at_once() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let door = Server::new(4, |_, _| {});
        tokio::spawn(door.accept(listener, |client: &ClientConnection, request| {
            client.set_authenticated();
            answer(request)
        }));
        let begun = timer_clock();
        let mut clients = Vec::new();
        for _ in 0..100 {
            clients.push(TcpStream::connect(address).await.unwrap());
        }
        let mut client = clients.pop().unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        assert_eq!(client.read_u8().await.unwrap(), b'H');
        assert!(begun.elapsed() < AUTHENTICATION_TIMEOUT, "{:?}", begun.elapsed());
        // The others had to go, and this one may stay until its own time is over.
        let mut came = Vec::new();
        for mut other in clients {
            assert_eq!(other.read_to_end(&mut came).await.unwrap_or(0), 0);
        }
        client.read_to_end(&mut came).await.unwrap();
        assert_eq!(begun.elapsed().as_secs(), HEAD.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_door_lets_go_who_asks_nothing_and_waits_for_the_others() {
        let door = door();
        let (idle, server) = duplex(64);
        let waiting = door.clone();
        tokio::spawn(async move { waiting.converse(server, answer).await });
        let (mut busy, server) = duplex(4_096);
        let slow = |request| async {
            tokio::time::sleep(Duration::from_secs(7)).await;
            answer(request).await
        };
        let waiting = door.clone();
        tokio::spawn(async move { waiting.converse(server, slow).await });
        busy.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        let begun = timer_clock();
        door.close(DRAIN_TIMEOUT).await;
        assert_eq!(begun.elapsed().as_secs(), 6);
        let mut came = String::new();
        busy.read_to_string(&mut came).await.unwrap();
        assert!(came.starts_with("HTTP/1.1 404 "), "{came}");
        drop(idle);
    }
}
