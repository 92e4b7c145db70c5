//! Decides which path of the monitor gets which response.

use hyper::body::Incoming;
use hyper::header::{ACCEPT, HeaderMap, HeaderValue, VARY};
use hyper::{Method, Request, StatusCode};

use super::MonitorState;
use super::events::EventStream;
use super::page;
use super::response::{
    MonitorResponse, full_response, line_response, method_not_allowed, stream_response,
};
use crate::proxy::{ClientConnection, ExpositionFormat, ProxyStatus};
use crate::sanitize;

pub(super) fn respond(
    state: &MonitorState,
    client: &ClientConnection,
    request: &Request<Incoming>,
) -> MonitorResponse {
    if let Err((status, message)) = state.allowed_hosts.check(request.uri(), request.headers()) {
        return line_response(status, message);
    }
    client.lift_timeout();
    let endpoint: fn(&MonitorState, &Request<Incoming>) -> MonitorResponse =
        match request.uri().path() {
            "/" => |state, _| page_response(&state.proxy.status()),
            "/events" => |state, _| event_stream(state),
            "/metrics" => metrics,
            "/healthz" => |_, _| line_response(StatusCode::OK, "alive"),
            "/readyz" => |state, _| readiness(&state.proxy.status()),
            _ => return line_response(StatusCode::NOT_FOUND, "not found"),
        };
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return method_not_allowed();
    }
    let response = endpoint(state, request);
    let is_open_page = request.uri().path() == "/events" && request.method() == Method::GET;
    if is_open_page && response.status().is_success() {
        // Any other connection makes room for the next one.
        client.set_authenticated();
    }
    response
}

fn metrics(state: &MonitorState, request: &Request<Incoming>) -> MonitorResponse {
    let format = negotiated_format(request.headers());
    let mut response =
        full_response(StatusCode::OK, format.content_type(), state.proxy.render_metrics(format));
    response.headers_mut().insert(VARY, HeaderValue::from_static("Accept"));
    response
}

/// Returns OpenMetrics if the client accepts version 1 of it and prefers nothing else.
fn negotiated_format(headers: &HeaderMap) -> ExpositionFormat {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut best = (0.0, ExpositionFormat::Prometheus);
    for range in accepted.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default();
        let parameter = |name: &str| {
            let mut pairs = range.split(';').filter_map(|pair| pair.trim().split_once('='));
            pairs.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        };
        let quality = parameter("q").and_then(|value| value.parse().ok()).unwrap_or(1.0);
        let format = match media_type {
            "application/openmetrics-text" if parameter("version").is_none_or(|v| v == "1.0.0") => {
                ExpositionFormat::OpenMetrics
            }
            "text/plain" | "text/*" | "*/*" => ExpositionFormat::Prometheus,
            _ => continue,
        };
        if quality > best.0 {
            best = (quality, format);
        }
    }
    best.1
}

fn page_response(status: &ProxyStatus) -> MonitorResponse {
    let document = page::document(status);
    let mut response = full_response(StatusCode::OK, "text/html; charset=utf-8", document);
    for (name, value) in page::security_headers() {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn event_stream(state: &MonitorState) -> MonitorResponse {
    let Ok(permit) = state.event_streams.clone().try_acquire_owned() else {
        let message = "too many pages are open; reload to see the present state";
        return line_response(StatusCode::SERVICE_UNAVAILABLE, message);
    };
    let proxy = state.proxy.clone();
    let render = move || page::content(&proxy.status()).into_string();
    stream_response("text/event-stream", EventStream::new(render, state.shutdown.clone(), permit))
}

fn readiness(status: &ProxyStatus) -> MonitorResponse {
    if status.is_ready() {
        return line_response(StatusCode::OK, "ready");
    }
    let reason = status.outage.as_deref().unwrap_or("a renewal is under way");
    let message = format!("not ready: the token has expired: {}", sanitize::line(reason));
    line_response(StatusCode::SERVICE_UNAVAILABLE, &message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_what_the_client_prefers() {
        let format = |accept: &'static str| {
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
            negotiated_format(&headers)
        };
        assert_eq!(negotiated_format(&HeaderMap::new()), ExpositionFormat::Prometheus);
        for accept in [
            "application/openmetrics-text",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            // Prometheus 2 and 3.
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;\
             version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
             application/openmetrics-text;version=0.0.1;q=0.5,\
             text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,\
             */*;q=0.2",
        ] {
            assert_eq!(format(accept), ExpositionFormat::OpenMetrics, "{accept}");
        }
        for accept in [
            "*/*",
            "text/html, */*;q=0.1",
            "text/plain;version=0.0.4",
            "application/openmetrics-text;version=0.0.1",
            "application/openmetrics-text;version=1.0.0;q=0",
            "text/plain, application/openmetrics-text;q=0.5",
        ] {
            assert_eq!(format(accept), ExpositionFormat::Prometheus, "{accept}");
        }
    }
}
