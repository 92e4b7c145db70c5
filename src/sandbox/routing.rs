//! Routing skills and wrap-up codes, as far as the Terraform provider needs them to create,
//! read, change, list and delete resources.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::{Response, StatusCode};
use axum::routing::{MethodRouter, get};
use axum::{Json, Router};

use super::cloud::Cloud;
use super::resources::{ListQuery, ResourceFields, ResourceKind};
use super::response;

type SharedCloud = State<Arc<Cloud>>;

type JsonFields = Result<Json<ResourceFields>, JsonRejection>;

pub(super) fn router() -> Router<Arc<Cloud>> {
    let (skill, wrapup_code) = (ResourceKind::Skill, ResourceKind::WrapupCode);
    let put = async move |State(cloud): SharedCloud, Path(id): Path<String>, body: JsonFields| {
        replace_resource(&cloud, wrapup_code, &id, body)
    };
    Router::new()
        .route("/api/v2/routing/skills", collection(skill))
        .route("/api/v2/routing/skills/{id}", single_resource(skill))
        .route("/api/v2/routing/wrapupcodes", collection(wrapup_code))
        .route("/api/v2/routing/wrapupcodes/{id}", single_resource(wrapup_code).put(put))
}

fn collection(kind: ResourceKind) -> MethodRouter<Arc<Cloud>> {
    get(async move |State(cloud): SharedCloud, Query(query): Query<ListQuery>| {
        response::ok_json(cloud.with_resources(|resources| resources.list(kind, &query)))
    })
    .post(async move |State(cloud): SharedCloud, body: JsonFields| {
        create_resource(&cloud, kind, body)
    })
}

fn single_resource(kind: ResourceKind) -> MethodRouter<Arc<Cloud>> {
    get(async move |State(cloud): SharedCloud, Path(id): Path<String>| {
        found_or_404(cloud.with_resources(|resources| resources.find(kind, &id)))
    })
    .delete(async move |State(cloud): SharedCloud, Path(id): Path<String>| {
        if cloud.with_resources(|resources| resources.remove(kind, &id)) {
            response::json(StatusCode::NO_CONTENT, Body::empty())
        } else {
            not_found()
        }
    })
}

fn create_resource(cloud: &Cloud, kind: ResourceKind, body: JsonFields) -> Response<Body> {
    let fields = match body {
        Ok(Json(fields)) => fields,
        Err(rejection) => return bad_request(&rejection.body_text()),
    };
    match cloud.with_resources(|resources| resources.create(kind, fields)) {
        Ok(created) => response::ok_json(created.into()),
        Err(message) => bad_request(message),
    }
}

fn replace_resource(
    cloud: &Cloud,
    kind: ResourceKind,
    id: &str,
    body: JsonFields,
) -> Response<Body> {
    let fields = match body {
        Ok(Json(fields)) => fields,
        Err(rejection) => return bad_request(&rejection.body_text()),
    };
    match cloud.with_resources(|resources| resources.replace(kind, id, fields)) {
        Ok(replaced) => found_or_404(replaced),
        Err(message) => bad_request(message),
    }
}

fn found_or_404(found: Option<ResourceFields>) -> Response<Body> {
    found.map_or_else(not_found, |fields| response::ok_json(fields.into()))
}

fn not_found() -> Response<Body> {
    response::api_error(StatusCode::NOT_FOUND, "not.found", "The requested resource was not found.")
}

fn bad_request(message: &str) -> Response<Body> {
    response::api_error(StatusCode::BAD_REQUEST, "bad.request", message)
}
