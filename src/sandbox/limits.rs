//! Responses about the organization's limits: which they are, and that one is exceeded.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{Response, StatusCode};
use axum::routing::get;
use serde_json::{Value, json};

use super::cloud::Cloud;
use super::rate_limiter::{ExceededLimit, LimitScope};
use super::{response, token};

const PLATFORM_API: &str = "platform.api";
const TOKEN_RATE: &str = "client.credentials.token.rate.per.minute";
const DEFAULT_TOKEN_RATE: u32 = 300;

pub(super) fn router() -> Router<Arc<Cloud>> {
    Router::new()
        .route("/api/v2/organizations/limits/namespaces/{namespace}", get(effective_limits))
}

/// The vendor's `LimitsEntityListing`.
async fn effective_limits(
    State(cloud): State<Arc<Cloud>>,
    Path(namespace): Path<String>,
) -> Response<Body> {
    if namespace != PLATFORM_API {
        let status = StatusCode::NOT_FOUND;
        return response::api_error(status, "not.found", "The namespace was not found.");
    }
    let token_rate = cloud.token_rate().map_or(DEFAULT_TOKEN_RATE, |quota| quota.requests);
    let limits = [
        (TOKEN_RATE, token_rate),
        ("org.app.user.rate.per.minute", 3_000),
        ("token.rate.per.minute", 300),
        ("request.bytes.max", 512_000),
    ];
    let entities = limits.map(|(key, value)| limit_entity(key, PLATFORM_API, value));
    response::ok_json(json!({ "entities": entities }))
}

pub(super) fn too_many_requests(
    exceeded: &ExceededLimit,
    path: &str,
    limit_in_body: bool,
) -> Response<Body> {
    let seconds = exceeded.retry_after.as_millis().div_ceil(1_000).max(1) as u64;
    let mut body = json!({
        "message":
            format!("Rate limit exceeded the maximum. Retry the request in [{seconds}] seconds"),
        "code": "too.many.requests.retry.after",
        "status": 429,
        "contextId": token::uuid(),
        "details": [],
        "errors": [],
    });
    if limit_in_body {
        body["limit"] = match exceeded.scope {
            LimitScope::Token => limit_entity(TOKEN_RATE, PLATFORM_API, exceeded.limit),
            LimitScope::Path => path_limit(path, exceeded.limit),
        };
    }
    let mut response = response::json(StatusCode::TOO_MANY_REQUESTS, body.to_string());
    response.headers_mut().insert(RETRY_AFTER, seconds.into());
    response
}

/// The namespace is the service; no key of such a limit is documented.
fn path_limit(path: &str, value: u32) -> Value {
    let service = path.trim_start_matches("/api/v2/").split('/').next().unwrap_or_default();
    limit_entity("requests.rate.per.minute", service, value)
}

fn limit_entity(key: &str, namespace: &str, value: u32) -> Value {
    json!({ "key": key, "namespace": namespace, "value": value })
}
