//! The sandbox's own controls, on the API host, without a bearer.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{Response, StatusCode};
use axum::routing::{delete, get, put};
use axum::{Json, Router};

use super::cloud::{Cloud, Counters};
use super::config::ConfigChange;
use super::reply;

/// The routes below `/sandbox`.
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
            reply::json(StatusCode::NO_CONTENT, Body::empty())
        }
        Err(rejection) => {
            let why = rejection.body_text();
            reply::api_error(StatusCode::BAD_REQUEST, "bad.request", &why)
        }
    }
}

async fn revoke_all(State(cloud): State<Arc<Cloud>>) -> StatusCode {
    cloud.revoke_all();
    StatusCode::NO_CONTENT
}
