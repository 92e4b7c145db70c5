//! Delays responses.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use axum::middleware::Next;

/// Half of the latency passes before the request is processed, half after.
pub(super) async fn respond_late(
    latency: Duration,
    request: Request,
    next: Next,
) -> Response<Body> {
    let half = latency / 2;
    // A sleep of zero would take a millisecond, the resolution of the timer.
    if half.is_zero() {
        return next.run(request).await;
    }
    tokio::time::sleep(half).await;
    let response = next.run(request).await;
    tokio::time::sleep(half).await;
    response
}
