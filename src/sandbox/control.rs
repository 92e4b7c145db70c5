//! Endpoints on the API host that control the sandbox and need no token.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{Response, StatusCode};
use axum::routing::{delete, get, put};
use axum::{Json, Router};

use super::cloud::Cloud;
use super::config::ConfigChange;
use super::counters::Counters;
use super::response;

pub(super) fn router(cloud: Arc<Cloud>) -> Router {
    Router::new()
        .route("/sandbox/counters", get(counters))
        .route("/sandbox/config", put(change))
        .route("/sandbox/tokens", delete(revoke_all))
        .with_state(cloud)
}

async fn counters(State(cloud): State<Arc<Cloud>>) -> Json<Counters> {
    Json(cloud.counters())
}

async fn change(
    State(cloud): State<Arc<Cloud>>,
    change: Result<Json<ConfigChange>, JsonRejection>,
) -> Response<Body> {
    match change {
        Ok(Json(change)) => {
            cloud.change(change);
            response::json(StatusCode::NO_CONTENT, Body::empty())
        }
        Err(rejection) => {
            let reason = rejection.body_text();
            response::api_error(StatusCode::BAD_REQUEST, "bad.request", &reason)
        }
    }
}

async fn revoke_all(State(cloud): State<Arc<Cloud>>) -> StatusCode {
    cloud.revoke_all();
    StatusCode::NO_CONTENT
}
