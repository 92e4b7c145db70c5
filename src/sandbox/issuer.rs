//! The login host: one client, one grant.

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

use super::cloud::{Cloud, Host, Stranger, TokenRequestSeen};
use super::{faults, mishap, reply};
use crate::http_auth::basic_credentials;

type Fields = BTreeMap<String, String>;

/// The login host's routes.
pub(super) fn router(cloud: Arc<Cloud>) -> Router {
    Router::new()
        .route("/oauth/token", post(token).fallback(not_post))
        .fallback(unknown_route)
        .layer(from_fn_with_state((cloud.clone(), Host::Login), mishap::meet_fault))
        .layer(from_fn_with_state((cloud.clone(), Host::Login), reply::stamp))
        .layer(from_fn_with_state(cloud.clone(), delay))
        .with_state(cloud)
}

/// Half of the latency passes before the host's clock is looked at, and half
/// after it.
async fn delay(State(cloud): State<Arc<Cloud>>, request: Request, next: Next) -> Response<Body> {
    cloud.count(|counters| counters.login_requests += 1);
    let half = cloud.latency() / 2;
    // The timer counts whole milliseconds: a sleep of zero takes one, too.
    if half.is_zero() {
        return next.run(request).await;
    }
    tokio::time::sleep(half).await;
    let reply = next.run(request).await;
    tokio::time::sleep(half).await;
    reply
}

async fn token(
    State(cloud): State<Arc<Cloud>>,
    headers: HeaderMap,
    form: Result<Form<Fields>, FormRejection>,
) -> Response<Body> {
    let form = match form {
        Ok(Form(form)) => form,
        Err(rejection) => return refuse("invalid_request", &rejection.body_text()),
    };
    let presented = Credentials::find(&headers, &form);
    cloud.count(|counters| counters.last_token_request = Some(seen(presented.as_ref(), &form)));
    let Some(credentials) = presented else {
        return refuse("invalid_client", "no client credentials");
    };
    match credentials.check(&cloud) {
        Err(Stranger::UnknownId) => return refuse("invalid_client", "client not found"),
        Err(Stranger::WrongSecret) => return refuse("invalid_client", "authentication failed"),
        Ok(()) => {}
    }
    match form.get("grant_type").map(String::as_str) {
        Some("client_credentials") => {}
        Some(_) => return refuse("unsupported_grant_type", "unsupported grant type"),
        None => return refuse("invalid_request", "grant_type is missing"),
    }
    let minted = cloud.mint();
    let mut body = json!({ "access_token": minted.access_token, "token_type": "bearer" });
    if let Some(expires_in) = minted.expires_in {
        body["expires_in"] = expires_in;
    }
    let mut reply = reply::json(StatusCode::OK, body.to_string());
    let no_store = HeaderValue::from_static("no-store");
    reply.headers_mut().insert(CACHE_CONTROL, no_store);
    reply
}

/// A client's credentials, as one of the two ways of RFC 6749 section 2.3.1
/// presents them.
enum Credentials {
    Basic(String),
    Post { id: String, secret: String },
}

impl Credentials {
    /// The header counts before the form.
    fn find(headers: &HeaderMap, form: &Fields) -> Option<Credentials> {
        if let Some(header) = headers.get(AUTHORIZATION) {
            let credentials = basic_credentials(header)?;
            let pair = String::from_utf8(credentials.to_vec()).ok()?;
            return pair.contains(':').then_some(Credentials::Basic(pair));
        }
        Some(Credentials::Post {
            id: form.get("client_id")?.clone(),
            secret: form.get("client_secret")?.clone(),
        })
    }

    /// The vendor's clients send id and secret in the header as they are, RFC
    /// 6749 wants them form-encoded first: either will do.
    fn check(&self, cloud: &Cloud) -> Result<(), Stranger> {
        match self {
            Credentials::Post { id, secret } => cloud.authenticate(id, secret),
            Credentials::Basic(pair) => {
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
            Credentials::Basic(_) => "basic",
            Credentials::Post { .. } => "post",
        }
    }
}

/// The value that `text` encodes; `None` where it is not one encoded value.
fn form_decoded(text: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(text.as_bytes());
    match (pairs.next(), pairs.next()) {
        (Some((value, rest)), None) if rest.is_empty() => Some(value.into_owned()),
        _ => None,
    }
}

fn seen(credentials: Option<&Credentials>, form: &Fields) -> TokenRequestSeen {
    let mut form = form.clone();
    form.remove("client_secret");
    TokenRequestSeen {
        client_auth: credentials.map(|credentials| credentials.name().to_owned()),
        form,
    }
}

/// A refusal of RFC 6749 section 5.2; the vendor sends 400 for all of them.
fn refuse(error: &str, description: &str) -> Response<Body> {
    let body = faults::oauth_error(error, description);
    reply::json(StatusCode::BAD_REQUEST, body)
}

async fn not_post() -> Response<Body> {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    reply::api_error(status, "method.not.allowed", "Only POST asks for a token.")
}

async fn unknown_route() -> Response<Body> {
    reply::api_error(StatusCode::NOT_FOUND, "not.found", "There is nothing here.")
}
