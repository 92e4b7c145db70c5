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

use super::answer::refusal;

/// A connection, and whose turn it is.
pub(super) struct Client<S> {
    stream: S,
    turn: Arc<Turn>,
    /// What comes first tells TLS from HTTP.
    first: Option<u8>,
    /// It has sent its last byte. The timer ends the patience with it.
    ended: Option<Pin<Box<Sleep>>>,
    /// Whether it has taken something since the timer was set.
    took: bool,
    /// A refusal of ours that is being written, and how much of it was.
    refusing: Option<(Bytes, usize)>,
    /// Ends the time in which what a refused client still sends is read.
    lingering: Option<Pin<Box<Sleep>>>,
}

/// Where a connection is between requests and answers.
#[derive(Default)]
pub(super) struct Turn {
    phase: AtomicU8,
    refused: AtomicU16,
}

/// The body of an answer. The turn ends with it.
pub(super) struct InTurn<B> {
    body: B,
    _end: End,
}

/// Ends the turn when dropped.
pub(super) struct End(Arc<Turn>);

/// All that was to be written is.
const IDLE: u8 = 0;
/// A request is being answered.
const BUSY: u8 = 1;
/// The answer is complete, and not all of it may be written.
const DONE: u8 = 2;

/// How long a client that sends nothing more is believed to be still there while
/// it takes nothing: one that has gone looks the same.
const GONE: Duration = Duration::from_secs(10);

/// How long what a refused client still sends is read, so that it gets to read the
/// refusal: a connection that is closed over unread bytes is reset.
const LINGER: Duration = Duration::from_secs(1);

impl<S> Client<S> {
    pub(super) fn new(stream: S) -> (Client<S>, Arc<Turn>) {
        let turn = Arc::<Turn>::default();
        let client = Client {
            stream,
            turn: turn.clone(),
            first: None,
            ended: None,
            took: false,
            refusing: None,
            lingering: None,
        };
        (client, turn)
    }
}

impl Turn {
    /// A request is being answered, until what is returned is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> End {
        self.phase.store(BUSY, Ordering::Relaxed);
        End(self.clone())
    }

    /// With which status a request was refused that could not be read.
    pub(super) fn refused(&self) -> Option<StatusCode> {
        StatusCode::from_u16(self.refused.load(Ordering::Relaxed)).ok()
    }

    fn is(&self, phase: u8) -> bool {
        self.phase.load(Ordering::Relaxed) == phase
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.0.phase.store(DONE, Ordering::Relaxed);
    }
}

impl End {
    pub(super) fn with<B>(self, body: B) -> InTurn<B> {
        InTurn { body, _end: self }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Client<S> {
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
        while this.turn.is(BUSY) {
            let timer = this.ended.get_or_insert_with(|| Box::pin(sleep(GONE)));
            ready!(timer.as_mut().poll(context));
            if !std::mem::take(&mut this.took) {
                break;
            }
            this.ended = Some(Box::pin(sleep(GONE)));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Client<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        // Of its own accord, the library writes nothing but its refusals.
        if this.turn.is(IDLE)
            && this.refusing.is_none()
            && let Some(status) = status(bytes)
        {
            this.turn.refused.store(status.as_u16(), Ordering::Relaxed);
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
        if this.turn.is(DONE) {
            this.turn.phase.store(IDLE, Ordering::Relaxed);
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

impl<S: AsyncRead + Unpin> Client<S> {
    fn linger(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let timer = self.lingering.get_or_insert_with(|| Box::pin(sleep(LINGER)));
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

impl<B: Body<Data = Bytes> + Unpin> Body for InTurn<B> {
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
