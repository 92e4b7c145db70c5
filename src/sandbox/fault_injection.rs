//! Middleware that injects faults.

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{AGE, HeaderValue, LOCATION, RETRY_AFTER};
use axum::http::{Response, StatusCode};
use axum::middleware::Next;

use super::cloud::{Cloud, SandboxHost};
use super::faults::{self, Fault, RetryAfter};
use super::response::{self, ChunkedBody, CloseConnection, WithoutDate};

/// Responds in place of the host, or changes its response.
pub(super) async fn inject_fault(
    State((cloud, host)): State<(Arc<Cloud>, SandboxHost)>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let fault = cloud.next_fault(host, &request);
    match fault {
        Fault::None => next.run(request).await,
        Fault::Slow(time) => {
            tokio::time::sleep(time).await;
            next.run(request).await
        }
        Fault::ScriptedResponse(script) => scripted_response(&cloud, host, script),
        Fault::Drop => {
            let mut marker = Response::default();
            marker.extensions_mut().insert(CloseConnection);
            marker
        }
        Fault::Hang => std::future::pending().await,
        Fault::Cut => map_body(next.run(request).await, ChunkedBody::truncated).await,
        Fault::Huge => {
            map_body(next.run(request).await, |body| ChunkedBody::complete(pad_json(&body))).await
        }
        Fault::NoDate => {
            let mut reply = next.run(request).await;
            reply.extensions_mut().insert(WithoutDate);
            reply
        }
        Fault::Aged(age) => {
            let mut reply = next.run(request).await;
            reply.headers_mut().insert(AGE, age.into());
            reply
        }
    }
}

fn scripted_response(
    cloud: &Cloud,
    host: SandboxHost,
    script: faults::ScriptedResponse,
) -> Response<Body> {
    let status = StatusCode::from_u16(script.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut reply = response::with_type(status, &script.content_type, script.body);
    let retry_after = match script.retry_after {
        Some(RetryAfter::Text(text)) => HeaderValue::try_from(text).ok(),
        Some(RetryAfter::Date(ahead)) => {
            cloud.host_time(host).saturating_add(ahead).ok().and_then(response::http_date)
        }
        None => None,
    };
    let location = script.location.and_then(|url| url.try_into().ok());
    for (name, value) in [(RETRY_AFTER, retry_after), (LOCATION, location)] {
        if let Some(value) = value {
            reply.headers_mut().insert(name, value);
        }
    }
    reply
}

async fn map_body(response: Response<Body>, change: fn(Bytes) -> Body) -> Response<Body> {
    let (head, body) = response.into_parts();
    // The bodies of the sandbox's handlers are in memory.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    Response::from_parts(head, change(body))
}

/// Adds 1 MiB of insignificant white space.
fn pad_json(body: &[u8]) -> Bytes {
    let mut padded = vec![b' '; 1 << 20];
    padded.extend_from_slice(body);
    padded.into()
}
