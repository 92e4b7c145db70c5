//! Decides which path of the monitor gets which response.

use hyper::body::Incoming;
use hyper::{Method, Request, StatusCode};

use super::MonitorState;
use super::response::{MonitorResponse, full_response, line_response, method_not_allowed};
use crate::proxy::{ClientConnection, ProxyStatus};

pub(super) fn respond(
    state: &MonitorState,
    client: &ClientConnection,
    request: &Request<Incoming>,
) -> MonitorResponse {
    if let Err((status, message)) = state.allowed_hosts.check(request.uri(), request.headers()) {
        return line_response(status, message);
    }
    client.set_authenticated();
    let endpoint: fn(&MonitorState, &Request<Incoming>) -> MonitorResponse =
        match request.uri().path() {
            // The status page adds `/` and `/events` here.
            "/metrics" => metrics,
            "/healthz" => |_, _| line_response(StatusCode::OK, "alive"),
            "/readyz" => |state, _| readiness(&state.proxy.status()),
            _ => return line_response(StatusCode::NOT_FOUND, "not found"),
        };
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return method_not_allowed();
    }
    endpoint(state, request)
}

fn metrics(state: &MonitorState, _: &Request<Incoming>) -> MonitorResponse {
    let text = state.proxy.metrics().to_prometheus();
    full_response(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", text)
}

fn readiness(status: &ProxyStatus) -> MonitorResponse {
    if status.is_ready() {
        return line_response(StatusCode::OK, "ready");
    }
    let message = "not ready: the token has expired and could not be renewed";
    line_response(StatusCode::SERVICE_UNAVAILABLE, message)
}
