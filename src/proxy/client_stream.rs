//! A client's connection, as the HTTP library sees it, with two differences.
//!
//! A client that sends nothing more after its request (RFC 9112 section 9.6) still
//! gets its answer: the library would take the end of what it sends for the end of
//! the client. And a request that the library cannot read is refused in words: its
//! own answer has none.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU16, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::StatusCode;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::error_response::refusal;

/// A connection, and the state of the exchange on it.
pub(super) struct ClientStream<S> {
    stream: S,
    exchange: Arc<ExchangeState>,
    /// The first byte that came, which tells TLS from HTTP.
    first: Option<u8>,
    /// Set once the client has sent its last byte: the time until it is given up.
    ended: Option<Pin<Box<Sleep>>>,
    /// Whether the client has taken something since the timer was set.
    took: bool,
    /// Our refusal that is being written, and how many bytes of it were.
    refusing: Option<(Bytes, usize)>,
    /// The time in which what a refused client still sends is read.
    lingering: Option<Pin<Box<Sleep>>>,
}

/// The phase of the exchange on a connection, and the status with which the library
/// refused a request, if it did.
#[derive(Default)]
pub(super) struct ExchangeState {
    phase: AtomicU8,
    refused: AtomicU16,
}

/// The body of an answer, whose end is the end of the exchange.
pub(super) struct TrackedBody<B> {
    body: B,
    _end: ResponseGuard,
}

/// Ends the exchange when dropped.
pub(super) struct ResponseGuard(Arc<ExchangeState>);

/// All that was to be written has been.
const IDLE: u8 = 0;
/// A request is being answered.
const BUSY: u8 = 1;
/// The answer is complete, but perhaps not written to its end.
const DONE: u8 = 2;

/// A client that sends nothing more and takes nothing is given up after this time: one
/// that has gone looks the same.
const HALF_CLOSED_TIMEOUT: Duration = Duration::from_secs(10);

/// The time in which bytes of a refused client are still read, so that it gets to read
/// the refusal: a connection that is closed over unread bytes is reset.
const LINGER_TIMEOUT: Duration = Duration::from_secs(1);

impl<S> ClientStream<S> {
    pub(super) fn new(stream: S) -> (ClientStream<S>, Arc<ExchangeState>) {
        let exchange = Arc::<ExchangeState>::default();
        let client = ClientStream {
            stream,
            exchange: exchange.clone(),
            first: None,
            ended: None,
            took: false,
            refusing: None,
            lingering: None,
        };
        (client, exchange)
    }
}

impl ExchangeState {
    /// Begins an exchange, which ends when the guard is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> ResponseGuard {
        self.phase.store(BUSY, Ordering::Relaxed);
        ResponseGuard(self.clone())
    }

    /// The status with which a request that could not be read was refused.
    pub(super) fn refused(&self) -> Option<StatusCode> {
        StatusCode::from_u16(self.refused.load(Ordering::Relaxed)).ok()
    }

    fn is(&self, phase: u8) -> bool {
        self.phase.load(Ordering::Relaxed) == phase
    }
}

impl Drop for ResponseGuard {
    fn drop(&mut self) {
        self.0.phase.store(DONE, Ordering::Relaxed);
    }
}

impl ResponseGuard {
    pub(super) fn with<B>(self, body: B) -> TrackedBody<B> {
        TrackedBody { body, _end: self }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ClientStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.ended.is_none() {
            let before = buffer.filled().len();
            ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
            if buffer.filled().len() > before || buffer.remaining() == 0 {
                this.first = this.first.or_else(|| buffer.filled().get(before).copied());
                return Poll::Ready(Ok(()));
            }
        }
        while this.exchange.is(BUSY) {
            let timer = this.ended.get_or_insert_with(|| Box::pin(sleep(HALF_CLOSED_TIMEOUT)));
            ready!(timer.as_mut().poll(context));
            if !std::mem::take(&mut this.took) {
                break;
            }
            this.ended = Some(Box::pin(sleep(HALF_CLOSED_TIMEOUT)));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for ClientStream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        // Of its own accord, the library writes nothing but its refusals.
        if this.exchange.is(IDLE)
            && this.refusing.is_none()
            && let Some(status) = status(bytes)
        {
            this.exchange.refused.store(status.as_u16(), Ordering::Relaxed);
            this.refusing = Some((unreadable(status, this.first), 0));
        }
        if let Some((refusal, written)) = &mut this.refusing {
            while *written < refusal.len() {
                let rest = &refusal[*written..];
                match ready!(Pin::new(&mut this.stream).poll_write(context, rest))? {
                    0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                    count => *written += count,
                }
            }
            return Poll::Ready(Ok(bytes.len()));
        }
        let count = ready!(Pin::new(&mut this.stream).poll_write(context, bytes))?;
        this.took = true;
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(Pin::new(&mut this.stream).poll_flush(context))?;
        if this.exchange.is(DONE) {
            this.exchange.phase.store(IDLE, Ordering::Relaxed);
        }
        if this.refusing.is_some() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
            ready!(this.linger(context));
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

impl<S: AsyncRead + Unpin> ClientStream<S> {
    fn linger(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let timer = self.lingering.get_or_insert_with(|| Box::pin(sleep(LINGER_TIMEOUT)));
        if timer.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        let mut bytes = [0; 4 << 10];
        loop {
            let mut buffer = ReadBuf::new(&mut bytes);
            match ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {}
                _ => return Poll::Ready(()),
            }
        }
    }
}

/// The status of an answer to a request that cannot be read.
fn status(head: &[u8]) -> Option<StatusCode> {
    let status = head.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
    StatusCode::from_bytes(status).ok().filter(StatusCode::is_client_error)
}

fn unreadable(status: StatusCode, first: Option<u8>) -> Bytes {
    /// The first byte of a TLS record that begins a handshake (RFC 8446 section 5.1).
    const HANDSHAKE: u8 = 22;
    let message = match status {
        _ if first == Some(HANDSHAKE) => "this port speaks HTTP without TLS: use http://",
        StatusCode::URI_TOO_LONG => "the request's path and query are too long",
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => "the request's header fields are too large",
        _ => {
            "the request cannot be read as HTTP/1.1; in a path and a query, blanks, quotes and \
             letters beyond ASCII have to be percent-encoded"
        }
    };
    let body = refusal(status, message).to_string();
    let length = body.len();
    Bytes::from(format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         cache-control: no-store\r\ncontent-length: {length}\r\n\r\n{body}"
    ))
}

impl<B: Body<Data = Bytes> + Unpin> Body for TrackedBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
