//! Routing skills and wrap-up codes: enough of them for the Terraform provider
//! to create, read, change, list and delete.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::{Response, StatusCode};
use axum::routing::{MethodRouter, get};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::api::{home_division, ok};
use super::cloud::Cloud;
use super::{mint, reply};

/// What has been created and not yet deleted.
#[derive(Default)]
pub(super) struct Resources {
    skills: Shelf,
    wrapup_codes: Shelf,
}

/// Resources of one kind, in the order of their creation.
type Shelf = Vec<(String, Fields)>;

type Fields = Map<String, Value>;

type Sent = Result<Json<Fields>, JsonRejection>;

/// The routes below `/api/v2/routing`.
pub(super) fn router() -> Router<Arc<Cloud>> {
    let (skills, wrapup_codes) = (Kind::Skill, Kind::WrapupCode);
    let changeable = wrapup_codes.one().put(
        async move |State(cloud): State<Arc<Cloud>>, Path(id): Path<String>, sent: Sent| {
            wrapup_codes.update(&cloud, id, sent)
        },
    );
    Router::new()
        .route("/api/v2/routing/skills", skills.all())
        .route("/api/v2/routing/skills/{id}", skills.one())
        .route("/api/v2/routing/wrapupcodes", wrapup_codes.all())
        .route("/api/v2/routing/wrapupcodes/{id}", changeable)
}

#[derive(Clone, Copy)]
enum Kind {
    Skill,
    WrapupCode,
}

impl Kind {
    /// Listing and creating.
    fn all(self) -> MethodRouter<Arc<Cloud>> {
        get(async move |State(cloud): State<Arc<Cloud>>, Query(page): Query<Page>| {
            ok(cloud.resources(|resources| page.of(self.shelf(resources))))
        })
        .post(async move |State(cloud): State<Arc<Cloud>>, sent: Sent| self.create(&cloud, sent))
    }

    /// Reading and deleting.
    fn one(self) -> MethodRouter<Arc<Cloud>> {
        get(async move |State(cloud): State<Arc<Cloud>>, Path(id): Path<String>| {
            let found = cloud.resources(|resources| {
                let (_, fields) = self.shelf(resources).iter().find(|(key, _)| *key == id)?;
                Some(fields.clone())
            });
            found.map_or_else(not_found, |fields| ok(fields.into()))
        })
        .delete(async move |State(cloud): State<Arc<Cloud>>, Path(id): Path<String>| {
            let found = cloud.resources(|resources| {
                let shelf = self.shelf(resources);
                let place = shelf.iter().position(|(key, _)| *key == id)?;
                Some(shelf.remove(place))
            });
            found.map_or_else(not_found, |_| reply::json(StatusCode::NO_CONTENT, Body::empty()))
        })
    }

    fn create(self, cloud: &Cloud, sent: Sent) -> Response<Body> {
        let id = mint::uuid();
        match self.complete(&id, sent) {
            Ok(fields) => {
                cloud.resources(|resources| self.shelf(resources).push((id, fields.clone())));
                ok(fields.into())
            }
            Err(why) => unacceptable(&why),
        }
    }

    fn update(self, cloud: &Cloud, id: String, sent: Sent) -> Response<Body> {
        let fields = match self.complete(&id, sent) {
            Ok(fields) => fields,
            Err(why) => return unacceptable(&why),
        };
        let found = cloud.resources(|resources| {
            let shelf = self.shelf(resources);
            let (_, place) = shelf.iter_mut().find(|(key, _)| *key == id)?;
            *place = fields.clone();
            Some(())
        });
        found.map_or_else(not_found, |()| ok(fields.into()))
    }

    /// Adds what the API adds to the fields that a client sends.
    fn complete(self, id: &str, sent: Sent) -> Result<Fields, String> {
        let Json(mut fields) = sent.map_err(|rejection| rejection.body_text())?;
        if !matches!(fields.get("name"), Some(Value::String(name)) if !name.is_empty()) {
            return Err("The name is missing.".to_owned());
        }
        fields.insert("id".into(), id.into());
        match self {
            Kind::Skill => fields.insert("state".into(), "active".into()),
            // A client sends the division's id alone.
            Kind::WrapupCode => fields.insert("division".into(), home_division()),
        };
        Ok(fields)
    }

    fn shelf(self, resources: &mut Resources) -> &mut Shelf {
        match self {
            Kind::Skill => &mut resources.skills,
            Kind::WrapupCode => &mut resources.wrapup_codes,
        }
    }
}

/// Which part of a list is wanted, and of which name.
#[derive(Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Page {
    page_size: usize,
    page_number: usize,
    name: Option<String>,
}

impl Default for Page {
    fn default() -> Self {
        Page { page_size: 25, page_number: 1, name: None }
    }
}

impl Page {
    fn of(&self, shelf: &Shelf) -> Value {
        let wanted = |fields: &&Fields| match &self.name {
            Some(name) => fields.get("name").is_some_and(|is| is == name.as_str()),
            None => true,
        };
        let all: Vec<&Fields> = shelf.iter().map(|(_, fields)| fields).filter(wanted).collect();
        let size = self.page_size.max(1);
        let page = all.chunks(size).nth(self.page_number.saturating_sub(1));
        json!({
            "entities": page.unwrap_or_default(),
            "pageSize": size,
            "pageNumber": self.page_number,
            "pageCount": all.len().div_ceil(size),
            "total": all.len(),
        })
    }
}

fn not_found() -> Response<Body> {
    reply::api_error(StatusCode::NOT_FOUND, "not.found", "The requested resource was not found.")
}

fn unacceptable(why: &str) -> Response<Body> {
    reply::api_error(StatusCode::BAD_REQUEST, "bad.request", why)
}
