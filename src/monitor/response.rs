//! Responses of the monitor.

use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::{Response, StatusCode};

use crate::box_error::BoxError;

pub(super) type MonitorResponse = Response<UnsyncBoxBody<Bytes, BoxError>>;

const PLAIN_TEXT: &str = "text/plain; charset=utf-8";

/// Returns one line of text.
pub(super) fn line_response(status: StatusCode, line: &str) -> MonitorResponse {
    full_response(status, PLAIN_TEXT, format!("{line}\n"))
}

pub(super) fn full_response(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> MonitorResponse {
    let body = Full::new(body.into()).map_err(|never| match never {});
    let mut response = stream_response(content_type, body);
    *response.status_mut() = status;
    response
}

pub(super) fn stream_response(
    content_type: &'static str,
    body: impl Body<Data = Bytes, Error = BoxError> + Send + 'static,
) -> MonitorResponse {
    let mut response = Response::new(body.boxed_unsync());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

pub(super) fn method_not_allowed() -> MonitorResponse {
    let message = "only GET and HEAD are supported";
    let mut response = line_response(StatusCode::METHOD_NOT_ALLOWED, message);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}
