//! Works around two habits of hyper with a client's connection.
//!
//! hyper takes a half-closed connection (RFC 9112 section 9.6) for a closed one: here, a
//! client that shuts down its side after the request still gets its response. And hyper
//! answers an unreadable request without a body: here, the error response says what is
//! wrong.

use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU16, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::StatusCode;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::error_response::error_body;

pub(super) struct ClientStream<S> {
    stream: S,
    exchange: Arc<ExchangeState>,
    /// Tells TLS from HTTP.
    first_byte: Option<u8>,
    /// Set once the client has shut down its side: the time until it is given up.
    half_closed: Option<Pin<Box<Sleep>>>,
    /// Set when the client reads something while `half_closed` runs.
    has_read: bool,
    /// The error response that replaces hyper's, and the number of bytes written of it.
    refusal: Option<(Bytes, usize)>,
    lingering: Option<Pin<Box<Sleep>>>,
}

/// The phase of the current exchange, and the status with which hyper refused to read a
/// request, if it did.
#[derive(Default)]
pub(super) struct ExchangeState {
    phase: AtomicU8,
    refused: AtomicU16,
}

pub(super) struct TrackedBody<B> {
    body: B,
    _guard: ResponseGuard,
}

/// Ends the exchange when dropped.
pub(super) struct ResponseGuard(Arc<ExchangeState>);

/// No request is open, and every response is written.
const IDLE: u8 = 0;
const BUSY: u8 = 1;
/// The response is complete, but perhaps not yet written.
const DONE: u8 = 2;

/// A half-closed client that reads nothing for this long is given up: one that is gone
/// looks the same.
const HALF_CLOSED_TIMEOUT: Duration = Duration::from_secs(10);

/// The time in which input from a refused client is still read and dropped: closing a
/// socket over unread input resets the connection, and the client may lose the response.
const LINGER_TIMEOUT: Duration = Duration::from_secs(1);

impl<S> ClientStream<S> {
    pub(super) fn new(stream: S) -> (ClientStream<S>, Arc<ExchangeState>) {
        let exchange = Arc::<ExchangeState>::default();
        let client = ClientStream {
            stream,
            exchange: exchange.clone(),
            first_byte: None,
            half_closed: None,
            has_read: false,
            refusal: None,
            lingering: None,
        };
        (client, exchange)
    }
}

impl ExchangeState {
    pub(super) fn begin(self: &Arc<Self>) -> ResponseGuard {
        self.phase.store(BUSY, Ordering::Relaxed);
        ResponseGuard(self.clone())
    }

    pub(super) fn refused(&self) -> Option<StatusCode> {
        StatusCode::from_u16(self.refused.load(Ordering::Relaxed)).ok()
    }

    fn is_in(&self, phase: u8) -> bool {
        self.phase.load(Ordering::Relaxed) == phase
    }
}

impl Drop for ResponseGuard {
    fn drop(&mut self) {
        self.0.phase.store(DONE, Ordering::Relaxed);
    }
}

impl ResponseGuard {
    pub(super) fn track<B>(self, body: B) -> TrackedBody<B> {
        TrackedBody { body, _guard: self }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ClientStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.half_closed.is_none() {
            let before = buffer.filled().len();
            ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
            if buffer.filled().len() > before || buffer.remaining() == 0 {
                this.first_byte = this.first_byte.or_else(|| buffer.filled().get(before).copied());
                return Poll::Ready(Ok(()));
            }
        }
        while this.exchange.is_in(BUSY) {
            let timer =
                this.half_closed.get_or_insert_with(|| Box::pin(sleep(HALF_CLOSED_TIMEOUT)));
            ready!(timer.as_mut().poll(context));
            if !mem::take(&mut this.has_read) {
                break;
            }
            this.half_closed = Some(Box::pin(sleep(HALF_CLOSED_TIMEOUT)));
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
        // With no request open, hyper writes nothing but its own error responses.
        if this.exchange.is_in(IDLE)
            && this.refusal.is_none()
            && let Some(status) = client_error_status(bytes)
        {
            this.exchange.refused.store(status.as_u16(), Ordering::Relaxed);
            this.refusal = Some((unreadable_response(status, this.first_byte), 0));
        }
        if let Some((refusal, written)) = &mut this.refusal {
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
        this.has_read = true;
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(Pin::new(&mut this.stream).poll_flush(context))?;
        if this.exchange.is_in(DONE) {
            this.exchange.phase.store(IDLE, Ordering::Relaxed);
        }
        if this.refusal.is_some() {
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

fn client_error_status(head: &[u8]) -> Option<StatusCode> {
    let status = head.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
    StatusCode::from_bytes(status).ok().filter(StatusCode::is_client_error)
}

fn unreadable_response(status: StatusCode, first_byte: Option<u8>) -> Bytes {
    /// The content type of a TLS record that holds a ClientHello (RFC 8446 section 5.1).
    const TLS_HANDSHAKE: u8 = 22;
    let message = match status {
        _ if first_byte == Some(TLS_HANDSHAKE) => "this port does not speak TLS: use http://",
        StatusCode::URI_TOO_LONG => "the request's path and query are too long",
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => "the request's header fields are too large",
        _ => {
            "the request is not valid HTTP/1.1; spaces, quotes and non-ASCII characters in a path or \
             query have to be percent-encoded"
        }
    };
    let body = error_body(status, message).to_string();
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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;
    use crate::context::timer_clock;

    #[tokio::test(start_paused = true)]
    async fn a_half_closed_client_is_given_up_once_it_reads_nothing() {
        let (mut client, stream) = duplex(64);
        let (mut stream, exchange) = ClientStream::new(stream);
        let _guard = exchange.begin();
        client.shutdown().await.unwrap();
        let start = timer_clock();
        // What the client reads gives it the timeout once more.
        stream.write_all(b"part of a response").await.unwrap();
        let end = stream.read_u8().await.unwrap_err();
        assert_eq!(end.kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(start.elapsed().as_secs(), 2 * 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_client_gets_the_reason_and_is_read_for_a_while() {
        let (mut client, stream) = duplex(4 << 10);
        let (mut stream, exchange) = ClientStream::new(stream);
        client.write_all(&[22, 3, 1]).await.unwrap();
        stream.read_u8().await.unwrap();
        let start = timer_clock();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        stream.flush().await.unwrap();
        assert_eq!(start.elapsed().as_secs(), 1);
        assert_eq!(exchange.refused(), Some(StatusCode::BAD_REQUEST));
        drop(stream);
        let mut response = String::new();
        client.read_to_string(&mut response).await.unwrap();
        assert!(response.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{response}");
        assert!(response.contains("use http://"), "{response}");
    }
}
