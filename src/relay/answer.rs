//! What a front answers by itself.

use hyper::body::Bytes;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

use super::body::Body;

/// An error, in the form of the cloud's API, so that its clients can show it.
/// The code tells that it is not the API's.
pub(crate) fn refuse(status: StatusCode, message: &str) -> Response<Body> {
    let words = status.canonical_reason().unwrap_or("error").to_ascii_lowercase();
    let code = format!("gc-token.{}", words.replace(' ', "."));
    let message = format!("gc-token: {message}");
    answer(status, &json!({ "message": message, "code": code, "status": status.as_u16() }))
}

/// JSON that nobody is to keep: it may hold a token (RFC 6749 section 5.1).
pub(super) fn answer(status: StatusCode, json: &Value) -> Response<Body> {
    let bytes = Bytes::from(json.to_string());
    let mut reply = Response::new(Body::Own(Some(bytes)));
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}
