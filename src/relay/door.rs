//! Connections of clients: so many at a time, none that dawdles, and none cut
//! off in the middle of an answer.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_io_timeout::TimeoutStream;

use super::body::Body;
use crate::http::Limit;

/// Where clients come in.
pub struct Door {
    permits: Arc<Semaphore>,
    /// Tells every connection to come to its end. `None` once it has told.
    open: Mutex<Option<watch::Sender<()>>>,
    heads: Limit,
}

/// There always is one, be it our own that tells of a failure.
pub(crate) type Answer = Result<Response<Body>, Infallible>;

/// How many connections there are at a time. More have to wait.
const CONNECTIONS: usize = 1_024;

/// How many files the rest of the program may have open.
const OTHER_FILES: u64 = 64;

/// How long a client may take to send a request's head; also how long a
/// connection may be idle.
pub(super) const HEAD: Duration = Duration::from_secs(75);

/// How long a client may take nothing of an answer.
const STALL: Duration = Duration::from_secs(120);

/// A head of a request, and what is read ahead of a body.
const BUFFER: usize = 64 << 10;

/// How long requests in flight are waited for at the end.
pub const PATIENCE: Duration = Duration::from_secs(10);

impl Default for Door {
    fn default() -> Self {
        let open = Mutex::new(Some(watch::Sender::new(())));
        let permits = Arc::new(Semaphore::new(connections()));
        Door { permits, open, heads: Limit::new(HEAD) }
    }
}

/// Each connection may need a second one, to the cloud: clients that ask
/// nothing must not take the file descriptors of those that do.
fn connections() -> usize {
    let files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let pairs = files.map_or(u64::MAX, |files| files.saturating_sub(OTHER_FILES) / 2);
    usize::try_from(pairs).unwrap_or(CONNECTIONS).clamp(1, CONNECTIONS)
}

impl Door {
    /// Lets clients in, and has each of their requests answered, until the
    /// door is closed.
    pub(crate) async fn accept<A, F>(self: Arc<Self>, listener: TcpListener, answer: A)
    where
        A: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Answer> + Send + 'static,
    {
        let Some(mut closing) = self.watch() else {
            return;
        };
        loop {
            let admitted = async {
                let permit = self.permits.clone().acquire_owned().await;
                (permit, listener.accept().await)
            };
            let (permit, accepted) = tokio::select! {
                admitted = admitted => admitted,
                _ = closing.changed() => return,
            };
            let Ok((stream, _)) = accepted else {
                // Out of file descriptors, most likely: some will be closed.
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            };
            let (door, answer) = (self.clone(), answer.clone());
            tokio::spawn(async move {
                door.converse(patient(stream), answer).await;
                drop(permit);
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
        let connection = http1::Builder::new()
            .timer(self.heads.clone())
            .header_read_timeout(HEAD)
            // As on the other side, in the pool.
            .writev(false)
            .max_buf_size(BUFFER)
            // The date is the cloud's: this machine's clock may be wrong.
            .auto_date_header(false)
            .serve_connection(TokioIo::new(stream), service_fn(answer))
            .with_upgrades();
        let mut connection = pin!(connection);
        tokio::select! {
            _ = &mut connection => return,
            _ = closing.changed() => {}
        }
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    }

    /// Lets nobody in any more, and waits for what is under way, but not
    /// longer than `patience`.
    pub async fn close(&self, patience: Duration) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(open) = open {
            let _ = open.send(());
            let _ = tokio::time::timeout(patience, open.closed()).await;
        }
    }

    /// Tells when the door is closed; `None` if it is.
    fn watch(&self) -> Option<watch::Receiver<()>> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.as_ref().map(watch::Sender::subscribe)
    }
}

fn patient(stream: TcpStream) -> std::pin::Pin<Box<TimeoutStream<TcpStream>>> {
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(STALL));
    Box::pin(stream)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::super::refuse;
    use super::*;
    use crate::world::timer_clock;

    async fn answer(_: Request<Incoming>) -> Answer {
        Ok(refuse(hyper::StatusCode::NOT_FOUND, "nothing is here"))
    }

    /// How long a client that sends this, and then nothing, is waited for, and
    /// what it gets.
    async fn waited_for(sent: &str) -> (u64, String) {
        let (mut client, server) = duplex(4_096);
        client.write_all(sent.as_bytes()).await.unwrap();
        let begun = timer_clock();
        Door::default().converse(server, answer).await;
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

    #[tokio::test(start_paused = true)]
    async fn a_closed_door_lets_go_who_asks_nothing_and_waits_for_the_others() {
        let door = Arc::new(Door::default());
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
        door.close(PATIENCE).await;
        assert_eq!(begun.elapsed().as_secs(), 6);
        let mut came = String::new();
        busy.read_to_string(&mut came).await.unwrap();
        assert!(came.starts_with("HTTP/1.1 404 "), "{came}");
        drop(idle);
    }
}
