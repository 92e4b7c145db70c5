//! The start of HTTP on a new connection, by either version.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use hyper::body::Body;
use hyper::client::conn::{http1, http2};
use hyper::rt::{Read, Write};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::time::{sleep, timeout};

use super::idle::{Allowed, Connection, MAX_STREAMS, StreamPermit};
use crate::box_error::BoxError;
use crate::net::transport::Transport;
use crate::sync;

/// Enough for 5 MB/s at 50 ms. An adaptive window would be the same for a stream and for the
/// connection, and clients that do not read would use up what all share.
const STREAM_WINDOW: u32 = 256 << 10;

/// The sum of all streams' windows, so that no request on a connection holds up another
/// one whose client reads.
const CONNECTION_WINDOW: u32 = STREAM_WINDOW * MAX_STREAMS as u32;

/// The read buffer over HTTP/1.1, for the head of a response and for what is read ahead.
/// The library's default is 400 KB for a client that does not read.
const READ_BUFFER: usize = 32 << 10;

/// The time for a host's SETTINGS frame, which is the first thing that it sends (RFC 9113
/// section 3.4) and limits the number of streams.
const SETTINGS_TIMEOUT: Duration = Duration::from_secs(1);

/// A PING while requests are open and nothing arrives (RFC 9113 section 6.7), because a
/// network change does not close the connection that all requests share.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(20);

const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(20);

/// Begins HTTP on a connection, in the version that its TLS handshake has settled. The
/// connection is driven in the background until nobody uses it any more.
pub(super) async fn handshake<B>(transport: Transport) -> Result<Connection<B>, hyper::Error>
where
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let is_http2 = transport.is_http2();
    let io = TokioIo::new(transport);
    if is_http2 {
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .initial_max_send_streams(UNKNOWN_LIMIT)
            .keep_alive_interval(Some(KEEP_ALIVE_INTERVAL))
            .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .handshake(io)
            .await?;
        let allowed = drive(connection);
        let _ = timeout(SETTINGS_TIMEOUT, settings_received(&allowed)).await;
        return Ok(Connection::Http2(sender, StreamPermit::first(allowed)));
    }
    // One write, with a copy of a body's piece, costs less than one of two parts.
    let (sender, connection) =
        http1::Builder::new().writev(false).max_buf_size(READ_BUFFER).handshake(io).await?;
    tokio::spawn(async { drop(connection.await) });
    Ok(Connection::Http1(sender))
}

/// The library's value for the limit on streams before the SETTINGS frame has come.
const UNKNOWN_LIMIT: usize = 0;

/// Drives a connection in the background; returns the host's current limit on streams.
fn drive<T, B>(connection: http2::Connection<T, B, TokioExecutor>) -> Allowed
where
    T: Read + Write + Send + Unpin + 'static,
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let connection = Arc::new(Mutex::new(Some(connection)));
    let shared = connection.clone();
    tokio::spawn(poll_fn(move |context| {
        let mut connection = sync::lock(&connection);
        let open = connection.as_mut().map(|open| Pin::new(open).poll(context));
        let done = open.is_none_or(|polled| polled.is_ready());
        if done {
            // Dropping the connection also fails the requests that wait in it.
            drop(connection.take());
            return Poll::Ready(());
        }
        Poll::Pending
    }));
    Box::new(move || {
        let connection = sync::lock(&shared);
        // A connection that has ended takes no request, so its limit does not matter.
        connection.as_ref().map_or(usize::MAX, |open| open.current_max_send_streams())
    })
}

/// Returns once the host's SETTINGS frame has come, which the library does not signal.
async fn settings_received(allowed: &Allowed) {
    while allowed() == UNKNOWN_LIMIT {
        sleep(POLL_INTERVAL).await;
    }
}

/// The time between two checks for the SETTINGS frame.
const POLL_INTERVAL: Duration = Duration::from_millis(1);
