//! What all replies have in common: JSON, a date, a correlation id.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, DATE, HeaderName, HeaderValue};
use axum::http::{Response, StatusCode};
use axum::middleware::Next;
use hyper::body::Frame;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use super::cloud::{Cloud, Host};
use super::{faults, mint};

/// The vendor's support asks for it.
const CORRELATION_ID: HeaderName = HeaderName::from_static("inin-correlation-id");

/// Marks a reply that goes out without a `Date`.
#[derive(Clone)]
pub(super) struct Undated;

/// Marks a request that gets no reply: its connection is closed.
#[derive(Clone)]
pub(super) struct HangUp;

/// An HTTP date (RFC 9110 section 5.6.7); `None` before the year 0.
pub(super) fn http_date(time: Timestamp) -> Option<HeaderValue> {
    let text = DateTimePrinter::new().timestamp_to_rfc9110_string(&time);
    HeaderValue::try_from(text.ok()?).ok()
}

/// A body with a content type. A type that no header can hold is left out.
pub(super) fn reply(
    status: StatusCode,
    content_type: &str,
    body: impl Into<Body>,
) -> Response<Body> {
    let mut reply = Response::new(body.into());
    *reply.status_mut() = status;
    if let Ok(content_type) = HeaderValue::try_from(content_type) {
        reply.headers_mut().insert(CONTENT_TYPE, content_type);
    }
    reply
}

pub(super) fn json(status: StatusCode, body: impl Into<Body>) -> Response<Body> {
    reply(status, "application/json", body)
}

/// A failure in the API's words.
pub(super) fn api_error(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    json(status, faults::api_error(status.as_u16(), code, message))
}

/// Gives every reply of a host its clock's date and a correlation id.
pub(super) async fn stamp(
    State((cloud, host)): State<(Arc<Cloud>, Host)>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let mut reply = next.run(request).await;
    let undated = reply.extensions().get::<Undated>().is_some();
    let headers = reply.headers_mut();
    if let Ok(id) = HeaderValue::try_from(mint::uuid()) {
        headers.insert(CORRELATION_ID, id);
    }
    if let Some(date) = http_date(cloud.now(host))
        && !undated
    {
        headers.insert(DATE, date);
    }
    reply
}

/// A body that does not tell its length in advance, and may break off.
pub(super) struct Pieces(Vec<Piece>);

enum Piece {
    Bytes(Bytes),
    /// What came before is sent now.
    Flush,
    /// The connection breaks.
    Break,
}

impl Pieces {
    /// All of it.
    pub(super) fn whole(body: Bytes) -> Body {
        Body::new(Pieces(vec![Piece::Bytes(body)]))
    }

    /// Its first half, and then nothing but a broken connection.
    pub(super) fn cut(body: Bytes) -> Body {
        let half = body.slice(..body.len() / 2);
        // Taken from the end.
        Body::new(Pieces(vec![Piece::Break, Piece::Flush, Piece::Bytes(half)]))
    }
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.0.pop() {
            Some(Piece::Bytes(bytes)) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            Some(Piece::Flush) => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Some(Piece::Break) => Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into()))),
            None => Poll::Ready(None),
        }
    }
}
