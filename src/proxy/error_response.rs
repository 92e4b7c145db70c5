//! Responses that the proxy makes itself.

use hyper::body::Bytes;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

use super::body::ResponseBody;
use super::token_source::Outage;
use crate::sanitize;

/// Returns an error in the form of the API, so that its clients can show it. The code
/// tells that it is not from the API.
pub(crate) fn error_response(status: StatusCode, message: &str) -> Response<ResponseBody> {
    json_response(status, &error_body(status, message))
}

/// Refuses a method and lists those that are supported (RFC 9110 section 15.5.6).
pub(crate) fn method_not_allowed(message: &str) -> Response<ResponseBody> {
    let mut response = error_response(StatusCode::METHOD_NOT_ALLOWED, message);
    let supported = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    response.headers_mut().insert(ALLOW, supported);
    response
}

pub(super) fn error_body(status: StatusCode, message: &str) -> Value {
    let reason = status.canonical_reason().unwrap_or("error").to_ascii_lowercase();
    let code = format!("gc-token.{}", reason.replace(' ', "."));
    let message = format!("gc-token: {}", sanitize::line(message));
    json!({ "message": message, "code": code, "status": status.as_u16() })
}

pub(super) fn token_unavailable(outage: &Outage) -> Response<ResponseBody> {
    let message = format!("the token has expired and cannot be renewed: {}", outage.reason);
    with_retry_after(error_response(StatusCode::SERVICE_UNAVAILABLE, &message), outage)
}

pub(super) fn with_retry_after(
    mut response: Response<ResponseBody>,
    outage: &Outage,
) -> Response<ResponseBody> {
    let seconds = outage.retry_after.as_millis().div_ceil(1_000);
    let seconds = HeaderValue::from(u64::try_from(seconds).unwrap_or(u64::MAX));
    response.headers_mut().insert(RETRY_AFTER, seconds);
    response
}

/// Returns a JSON response that must not be stored: it may hold a token (RFC 6749 section
/// 5.1).
pub(super) fn json_response(status: StatusCode, json: &Value) -> Response<ResponseBody> {
    let bytes = Bytes::from(json.to_string());
    let mut response = Response::new(ResponseBody::Full(Some(bytes)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
