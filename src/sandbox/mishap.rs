//! Lets each request meet its fault.

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{AGE, HeaderValue, LOCATION, RETRY_AFTER};
use axum::http::{Response, StatusCode};
use axum::middleware::Next;

use super::cloud::{Cloud, Host};
use super::faults::{self, Fault, RetryAfter};
use super::reply::{self, HangUp, Pieces, Undated};

/// Answers in the host's place, or spoils the host's answer.
pub(super) async fn meet_fault(
    State((cloud, host)): State<(Arc<Cloud>, Host)>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let fault = cloud.next_fault(host, &request);
    match fault {
        Fault::Nothing => next.run(request).await,
        Fault::Slow(time) => {
            tokio::time::sleep(time).await;
            next.run(request).await
        }
        Fault::ScriptedReply(made_up) => make_up(&cloud, host, made_up),
        Fault::Drop => {
            let mut nothing = Response::default();
            nothing.extensions_mut().insert(HangUp);
            nothing
        }
        Fault::Hang => std::future::pending().await,
        Fault::Cut => with_body(next.run(request).await, Pieces::cut).await,
        Fault::Huge => with_body(next.run(request).await, |body| Pieces::whole(pad(&body))).await,
        Fault::NoDate => {
            let mut reply = next.run(request).await;
            reply.extensions_mut().insert(Undated);
            reply
        }
        Fault::Aged(age) => {
            let mut reply = next.run(request).await;
            reply.headers_mut().insert(AGE, age.into());
            reply
        }
    }
}

fn make_up(cloud: &Cloud, host: Host, made_up: faults::ScriptedReply) -> Response<Body> {
    let status = StatusCode::from_u16(made_up.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut reply = reply::reply(status, &made_up.content_type, made_up.body);
    let retry_after = match made_up.retry_after {
        Some(RetryAfter::Text(text)) => HeaderValue::try_from(text).ok(),
        Some(RetryAfter::Date(ahead)) => {
            cloud.now(host).saturating_add(ahead).ok().and_then(reply::http_date)
        }
        None => None,
    };
    let location = made_up.location.and_then(|url| url.try_into().ok());
    for (name, value) in [(RETRY_AFTER, retry_after), (LOCATION, location)] {
        if let Some(value) = value {
            reply.headers_mut().insert(name, value);
        }
    }
    reply
}

/// The reply with another body in place of its own.
async fn with_body(reply: Response<Body>, spoil: fn(Bytes) -> Body) -> Response<Body> {
    let (head, body) = reply.into_parts();
    // The sandbox's own bodies are in memory already.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    Response::from_parts(head, spoil(body))
}

/// More than 1 MiB, and still the same JSON.
fn pad(body: &[u8]) -> Bytes {
    let mut padded = vec![b' '; 1 << 20];
    padded.extend_from_slice(body);
    padded.into()
}
