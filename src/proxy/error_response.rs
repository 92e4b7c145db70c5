//! What a front answers by itself.

use hyper::body::Bytes;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

use super::body::Body;
use super::token_source::Outage;
use crate::sanitize;

/// An error, in the form of the cloud's API, so that its clients can show it.
/// The code tells that it is not the API's.
pub(crate) fn refuse(status: StatusCode, message: &str) -> Response<Body> {
    answer(status, &refusal(status, message))
}

/// Refuses a method, and names those that are served (RFC 9110 section 15.5.6).
pub(crate) fn refuse_method(message: &str) -> Response<Body> {
    let mut reply = refuse(StatusCode::METHOD_NOT_ALLOWED, message);
    let served = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    reply.headers_mut().insert(ALLOW, served);
    reply
}

/// The body of such an error.
pub(super) fn refusal(status: StatusCode, message: &str) -> Value {
    let words = status.canonical_reason().unwrap_or("error").to_ascii_lowercase();
    let code = format!("gc-token.{}", words.replace(' ', "."));
    let message = format!("gc-token: {}", sanitize::line(message));
    json!({ "message": message, "code": code, "status": status.as_u16() })
}

/// Refuses a request for which no living token can be had at the moment.
pub(super) fn unavailable(outage: &Outage) -> Response<Body> {
    let message = format!("the token has died, and no other can be had: {}", outage.reason);
    retry_later(refuse(StatusCode::SERVICE_UNAVAILABLE, &message), outage)
}

/// Adds the time after which the client may ask again, in whole seconds (RFC 9110
/// section 10.2.3).
pub(super) fn retry_later(mut reply: Response<Body>, outage: &Outage) -> Response<Body> {
    let seconds = outage.retry_after.as_millis().div_ceil(1_000);
    let seconds = HeaderValue::from(u64::try_from(seconds).unwrap_or(u64::MAX));
    reply.headers_mut().insert(RETRY_AFTER, seconds);
    reply
}

/// JSON that nobody is to keep: it may hold a token (RFC 6749 section 5.1).
pub(super) fn answer(status: StatusCode, json: &Value) -> Response<Body> {
    let bytes = Bytes::from(json.to_string());
    let mut reply = Response::new(Body::Full(Some(bytes)));
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}
