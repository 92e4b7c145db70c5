//! The API host: checks each token by its own clock, without any tolerance.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HeaderMap};
use axum::http::{Method, Response, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::routing::get;
use serde_json::json;

use super::cloud::{Cloud, SandboxHost};
use super::resources::home_division;
use super::response::{CloseConnection, ok_json};
use super::token_store::{IdleTimer, TokenRejection};
use super::{control, fault_injection, latency, limits, response, routing};
use crate::http_auth::bearer_token;

pub(super) fn router(cloud: Arc<Cloud>) -> Router {
    let api = Router::new()
        .route("/api/v2/tokens/me", get(token_details).delete(revoke_token))
        .route("/api/v2/organizations/me", get(organization))
        .route("/api/v2/authorization/products", get(products))
        .route("/api/v2/authorization/divisions/home", get(division))
        .merge(routing::router())
        .merge(limits::router())
        .fallback(not_implemented)
        .method_not_allowed_fallback(not_implemented)
        .layer(from_fn_with_state(cloud.clone(), check_token))
        .with_state(cloud.clone());
    control::router(cloud.clone())
        .fallback_service(api)
        .layer(from_fn_with_state((cloud.clone(), SandboxHost::Api), fault_injection::inject_fault))
        .layer(from_fn_with_state((cloud.clone(), SandboxHost::Api), response::add_common_headers))
        .layer(from_fn_with_state(cloud, observe_call))
}

const ORGANIZATION: &str = "5a5d0b0c-0000-4000-8000-000000000001";

/// Counts API calls by status, and delays them.
async fn observe_call(
    State(cloud): State<Arc<Cloud>>,
    request: Request,
    next: Next,
) -> Response<Body> {
    if !request.uri().path().starts_with("/api/") {
        return next.run(request).await;
    }
    let _call = cloud.begin_call();
    let response = latency::respond_late(cloud.latency(SandboxHost::Api), request, next).await;
    if response.extensions().get::<CloseConnection>().is_none() {
        let status = response.status().as_u16();
        cloud.count(|counters| *counters.statuses.entry(status).or_default() += 1);
    }
    response
}

async fn check_token(
    State(cloud): State<Arc<Cloud>>,
    request: Request,
    next: Next,
) -> Response<Body> {
    if !request.uri().path().starts_with("/api/") {
        return next.run(request).await;
    }
    let query = request.uri().query().unwrap_or_default();
    let keeps_timer = request.method() == Method::HEAD || query.contains("preserveIdleTTL=true");
    let idle_timer = if keeps_timer { IdleTimer::Keep } else { IdleTimer::Restart };
    let token = request.headers().get(AUTHORIZATION).and_then(bearer_token);
    if let Err(rejection) = cloud.check_token(token, idle_timer) {
        cloud.count(|counters| counters.refusals += 1);
        return unauthorized(rejection);
    }
    if let Err(exceeded) =
        cloud.admit_call(token.unwrap_or_default(), request.method(), request.uri().path())
    {
        return limits::too_many_requests(&exceeded, request.uri().path(), cloud.limit_in_body());
    }
    let id = match request.method() {
        &Method::POST => request.headers().get("x-request-id").cloned(),
        _ => None,
    };
    let response = next.run(request).await;
    if let Some(id) = id
        && response.status().is_success()
    {
        let id = String::from_utf8_lossy(id.as_bytes()).into_owned();
        cloud.count(|counters| *counters.executed.entry(id).or_default() += 1);
    }
    response
}

fn unauthorized(rejection: TokenRejection) -> Response<Body> {
    let (code, message) = match rejection {
        TokenRejection::Missing => ("authentication.required", "No authentication bearer token."),
        TokenRejection::Unknown => ("bad.credentials", "Invalid login credentials."),
        TokenRejection::NotYetValid => ("bad.credentials", "The token is not valid yet."),
        TokenRejection::Expired => ("credentials.expired", "Expired credentials."),
    };
    response::api_error(StatusCode::UNAUTHORIZED, code, message)
}

async fn token_details(State(cloud): State<Arc<Cloud>>) -> Response<Body> {
    let organization = json!({ "id": ORGANIZATION, "name": "Sandbox" });
    ok_json(json!({
        "organization": organization,
        "homeOrganization": organization,
        "authorizedScope": [],
        "OAuthClient": {
            "id": cloud.client_id(),
            "name": "sandbox",
            "organization": organization,
        },
    }))
}

async fn revoke_token(State(cloud): State<Arc<Cloud>>, headers: HeaderMap) -> StatusCode {
    if let Some(token) = headers.get(AUTHORIZATION).and_then(bearer_token) {
        cloud.revoke(token);
    }
    StatusCode::NO_CONTENT
}

/// The Terraform provider requires `defaultCountryCode`.
async fn organization() -> Response<Body> {
    ok_json(json!({
        "id": ORGANIZATION,
        "name": "Sandbox",
        "defaultLanguage": "en-US",
        "defaultCountryCode": "US",
        "state": "active",
    }))
}

/// The Terraform provider requires `entities` and `total`.
async fn products() -> Response<Body> {
    ok_json(json!({ "entities": [{ "id": "sandbox" }], "total": 1, "pageCount": 1 }))
}

async fn division() -> Response<Body> {
    ok_json(home_division())
}

/// Responds 501, because the Terraform provider retries other 5xx twenty times.
async fn not_implemented(request: Request) -> Response<Body> {
    let message =
        format!("The sandbox does not implement {} {}.", request.method(), request.uri().path());
    response::api_error(StatusCode::NOT_IMPLEMENTED, "not.implemented", &message)
}
