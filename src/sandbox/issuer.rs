//! The login host: a token endpoint with one client and the client-credentials grant.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::FormRejection;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, HeaderMap, HeaderValue};
use axum::http::{Response, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::routing::post;
use axum::{Form, Router};
use serde_json::json;

use super::cloud::{ClientRejection, Cloud, SandboxHost};
use super::counters::RecordedTokenRequest;
use super::{fault_injection, faults, latency, response};
use crate::http_auth::basic_credentials;

type FormFields = BTreeMap<String, String>;

pub(super) fn router(cloud: Arc<Cloud>) -> Router {
    Router::new()
        .route("/oauth/token", post(issue_token).fallback(not_post))
        .fallback(unknown_route)
        .layer(from_fn_with_state(
            (cloud.clone(), SandboxHost::Login),
            fault_injection::inject_fault,
        ))
        .layer(from_fn_with_state(
            (cloud.clone(), SandboxHost::Login),
            response::add_common_headers,
        ))
        .layer(from_fn_with_state(cloud.clone(), count_request))
        .with_state(cloud)
}

async fn count_request(
    State(cloud): State<Arc<Cloud>>,
    request: Request,
    next: Next,
) -> Response<Body> {
    cloud.count(|counters| counters.login_requests += 1);
    latency::respond_late(cloud.latency(SandboxHost::Login), request, next).await
}

async fn issue_token(
    State(cloud): State<Arc<Cloud>>,
    headers: HeaderMap,
    form: Result<Form<FormFields>, FormRejection>,
) -> Response<Body> {
    let form = match form {
        Ok(Form(form)) => form,
        Err(rejection) => return oauth_error("invalid_request", &rejection.body_text()),
    };
    let credentials = ClientCredentials::find(&headers, &form);
    cloud.count(|counters| counters.last_token_request = Some(record(credentials.as_ref(), &form)));
    let Some(credentials) = credentials else {
        return oauth_error("invalid_client", "no client credentials");
    };
    match credentials.check(&cloud) {
        Err(ClientRejection::UnknownId) => {
            return oauth_error("invalid_client", "client not found");
        }
        Err(ClientRejection::WrongSecret) => {
            return oauth_error("invalid_client", "authentication failed");
        }
        Ok(()) => {}
    }
    match form.get("grant_type").map(String::as_str) {
        Some("client_credentials") => {}
        Some(_) => return oauth_error("unsupported_grant_type", "unsupported grant type"),
        None => return oauth_error("invalid_request", "grant_type is missing"),
    }
    let Ok(minted) = cloud.mint() else {
        return oauth_error("invalid_request", faults::MINT_RATE_EXCEEDED);
    };
    let mut body = json!({ "access_token": minted.access_token, "token_type": "bearer" });
    if let Some(expires_in) = minted.expires_in {
        body["expires_in"] = expires_in;
    }
    let mut reply = response::json(StatusCode::OK, body.to_string());
    let no_store = HeaderValue::from_static("no-store");
    reply.headers_mut().insert(CACHE_CONTROL, no_store);
    reply
}

/// Client authentication by one of the two methods of RFC 6749 section 2.3.1.
enum ClientCredentials {
    Basic(String),
    Post { id: String, secret: String },
}

impl ClientCredentials {
    fn find(headers: &HeaderMap, form: &FormFields) -> Option<ClientCredentials> {
        if let Some(header) = headers.get(AUTHORIZATION) {
            let credentials = basic_credentials(header)?;
            let pair = String::from_utf8(credentials.to_vec()).ok()?;
            return pair.contains(':').then_some(ClientCredentials::Basic(pair));
        }
        Some(ClientCredentials::Post {
            id: form.get("client_id")?.clone(),
            secret: form.get("client_secret")?.clone(),
        })
    }

    /// Accepts id and secret in the header both form-encoded, as RFC 6749 requires, and
    /// unencoded, as the vendor's clients send them.
    fn check(&self, cloud: &Cloud) -> Result<(), ClientRejection> {
        match self {
            ClientCredentials::Post { id, secret } => cloud.authenticate(id, secret),
            ClientCredentials::Basic(pair) => {
                let (id, secret) = pair.split_once(':').unwrap_or((pair, ""));
                cloud.authenticate(id, secret).or_else(|why| {
                    match (form_decoded(id), form_decoded(secret)) {
                        (Some(id), Some(secret)) => cloud.authenticate(&id, &secret),
                        _ => Err(why),
                    }
                })
            }
        }
    }

    fn name(&self) -> &'static str {
        match self {
            ClientCredentials::Basic(_) => "basic",
            ClientCredentials::Post { .. } => "post",
        }
    }
}

fn form_decoded(text: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(text.as_bytes());
    match (pairs.next(), pairs.next()) {
        (Some((value, rest)), None) if rest.is_empty() => Some(value.into_owned()),
        _ => None,
    }
}

fn record(credentials: Option<&ClientCredentials>, form: &FormFields) -> RecordedTokenRequest {
    let mut form = form.clone();
    form.remove("client_secret");
    RecordedTokenRequest {
        client_auth: credentials.map(|credentials| credentials.name().to_owned()),
        form,
    }
}

/// An error response of RFC 6749 section 5.2. The vendor uses 400 for all of them.
fn oauth_error(error: &str, description: &str) -> Response<Body> {
    let body = faults::oauth_error(error, description);
    response::json(StatusCode::BAD_REQUEST, body)
}

async fn not_post() -> Response<Body> {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    response::api_error(status, "method.not.allowed", "Token requests must use POST.")
}

async fn unknown_route() -> Response<Body> {
    response::api_error(StatusCode::NOT_FOUND, "not.found", "The requested resource was not found.")
}
