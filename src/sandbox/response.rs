//! Builds responses: JSON bodies, `Date`, correlation ids, chunked and broken bodies.

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
use serde_json::Value;

use super::cloud::{Cloud, SandboxHost};
use super::{faults, token};

/// The vendor's support needs this header's value.
const CORRELATION_ID: HeaderName = HeaderName::from_static("inin-correlation-id");

#[derive(Clone)]
pub(super) struct WithoutDate;

/// Marks a response that is not sent: the connection is closed.
#[derive(Clone)]
pub(super) struct CloseConnection;

/// Formats an HTTP date (RFC 9110 section 5.6.7). `None` before the year 0.
pub(super) fn http_date(time: Timestamp) -> Option<HeaderValue> {
    let text = DateTimePrinter::new().timestamp_to_rfc9110_string(&time);
    HeaderValue::try_from(text.ok()?).ok()
}

/// Leaves out a content type that a header cannot hold.
pub(super) fn with_type(
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

pub(super) fn ok_json(body: Value) -> Response<Body> {
    json(StatusCode::OK, body.to_string())
}

pub(super) fn json(status: StatusCode, body: impl Into<Body>) -> Response<Body> {
    with_type(status, "application/json", body)
}

pub(super) fn api_error(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    json(status, faults::api_error(status.as_u16(), code, message))
}

/// Middleware that adds `Date`, by the host's clock, and a correlation id.
pub(super) async fn add_common_headers(
    State((cloud, host)): State<(Arc<Cloud>, SandboxHost)>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let mut reply = next.run(request).await;
    let without_date = reply.extensions().get::<WithoutDate>().is_some();
    let headers = reply.headers_mut();
    if let Ok(id) = HeaderValue::try_from(token::uuid()) {
        headers.insert(CORRELATION_ID, id);
    }
    if let Some(date) = http_date(cloud.host_time(host))
        && !without_date
    {
        headers.insert(DATE, date);
    }
    reply
}

/// A body without `Content-Length`, which may end early.
pub(super) struct ChunkedBody(Vec<Chunk>);

enum Chunk {
    Bytes(Bytes),
    Flush,
    Abort,
}

impl ChunkedBody {
    pub(super) fn complete(body: Bytes) -> Body {
        Body::new(ChunkedBody(vec![Chunk::Bytes(body)]))
    }

    /// Sends the first half and aborts the connection.
    pub(super) fn truncated(body: Bytes) -> Body {
        let half = body.slice(..body.len() / 2);
        // Popped from the end.
        Body::new(ChunkedBody(vec![Chunk::Abort, Chunk::Flush, Chunk::Bytes(half)]))
    }
}

impl HttpBody for ChunkedBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.0.pop() {
            Some(Chunk::Bytes(bytes)) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            Some(Chunk::Flush) => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Some(Chunk::Abort) => Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into()))),
            None => Poll::Ready(None),
        }
    }
}
