//! The API host: judges each token on its own clock, with no tolerance at all.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HeaderMap};
use axum::http::{Method, Response, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::routing::get;
use serde_json::{Value, json};

use super::cloud::{Cloud, Contact, Host, Refusal};
use super::{control, mishap, reply, routing};
use crate::http_auth::bearer_token;

/// The API host's routes, and the sandbox's own controls beside them.
pub(super) fn router(cloud: Arc<Cloud>) -> Router {
    let api = Router::new()
        .route("/api/v2/tokens/me", get(token).delete(revoke))
        .route("/api/v2/organizations/me", get(organization))
        .route("/api/v2/authorization/products", get(products))
        .route("/api/v2/authorization/divisions/home", get(division))
        .merge(routing::router())
        .fallback(not_imitated)
        .method_not_allowed_fallback(not_imitated)
        .layer(from_fn_with_state(cloud.clone(), judge))
        .with_state(cloud.clone());
    control::router(cloud.clone())
        .fallback_service(api)
        .layer(from_fn_with_state((cloud.clone(), Host::Api), mishap::meet_fault))
        .layer(from_fn_with_state((cloud, Host::Api), reply::stamp))
}

/// The only organization, and the only division in it.
pub(super) const ORGANIZATION: &str = "5a5d0b0c-0000-4000-8000-000000000001";
const DIVISION: &str = "5a5d0b0c-0000-4000-8000-000000000002";

/// The division that everything belongs to.
pub(super) fn home_division() -> Value {
    json!({ "id": DIVISION, "name": "Home", "description": "The home division" })
}

/// Lets an API call through if its token is good at this moment.
async fn judge(State(cloud): State<Arc<Cloud>>, request: Request, next: Next) -> Response<Body> {
    if !request.uri().path().starts_with("/api/") {
        return next.run(request).await;
    }
    let keeps_timer = request.uri().query().is_some_and(|it| it.contains("preserveIdleTTL=true"));
    let contact = match request.method() == Method::HEAD || keeps_timer {
        true => Contact::Look,
        false => Contact::Use,
    };
    if let Err(refusal) =
        cloud.judge(request.headers().get(AUTHORIZATION).and_then(bearer_token), contact)
    {
        cloud.count(|counters| counters.refusals += 1);
        return refuse(refusal);
    }
    let id = match request.method() {
        &Method::POST => request.headers().get("x-request-id").cloned(),
        _ => None,
    };
    let reply = next.run(request).await;
    if let Some(id) = id
        && reply.status().is_success()
    {
        let id = String::from_utf8_lossy(id.as_bytes()).into_owned();
        cloud.count(|counters| *counters.executed.entry(id).or_default() += 1);
    }
    reply
}

fn refuse(refusal: Refusal) -> Response<Body> {
    let (code, message) = match refusal {
        Refusal::Missing => ("authentication.required", "No authentication bearer token."),
        Refusal::Unknown => ("bad.credentials", "Invalid login credentials."),
        Refusal::NotYetValid => ("bad.credentials", "The token is not valid yet."),
        Refusal::Expired => ("credentials.expired", "Expired credentials."),
    };
    reply::api_error(StatusCode::UNAUTHORIZED, code, message)
}

async fn token(State(cloud): State<Arc<Cloud>>) -> Response<Body> {
    let organization = json!({ "id": ORGANIZATION, "name": "Sandbox" });
    ok(json!({
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

async fn revoke(State(cloud): State<Arc<Cloud>>, headers: HeaderMap) -> StatusCode {
    if let Some(token) = headers.get(AUTHORIZATION).and_then(bearer_token) {
        cloud.revoke(token);
    }
    StatusCode::NO_CONTENT
}

/// The provider wants `defaultCountryCode`.
async fn organization() -> Response<Body> {
    ok(json!({
        "id": ORGANIZATION,
        "name": "Sandbox",
        "defaultLanguage": "en-US",
        "defaultCountryCode": "US",
        "state": "active",
    }))
}

/// The provider wants `entities` and `total`.
async fn products() -> Response<Body> {
    ok(json!({ "entities": [{ "id": "sandbox" }], "total": 1, "pageCount": 1 }))
}

async fn division() -> Response<Body> {
    ok(home_division())
}

/// 501, because the provider repeats a request twenty times at other 5xx.
async fn not_imitated(request: Request) -> Response<Body> {
    let message =
        format!("The sandbox does not imitate {} {}.", request.method(), request.uri().path());
    reply::api_error(StatusCode::NOT_IMPLEMENTED, "not.implemented", &message)
}

pub(super) fn ok(body: Value) -> Response<Body> {
    reply::json(StatusCode::OK, body.to_string())
}
