//! An in-memory store of the two kinds of resources that the API host has.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::token;

pub(super) type ResourceFields = Map<String, Value>;

#[derive(Default)]
pub(super) struct Resources {
    skills: Vec<Resource>,
    wrapup_codes: Vec<Resource>,
}

struct Resource {
    id: String,
    fields: ResourceFields,
}

#[derive(Clone, Copy)]
pub(super) enum ResourceKind {
    Skill,
    WrapupCode,
}

#[derive(Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ListQuery {
    page_size: usize,
    page_number: usize,
    name: Option<String>,
}

impl Default for ListQuery {
    fn default() -> Self {
        ListQuery { page_size: 25, page_number: 1, name: None }
    }
}

impl Resources {
    pub(super) fn find(&mut self, kind: ResourceKind, id: &str) -> Option<ResourceFields> {
        let resource = self.of_kind(kind).iter().find(|resource| resource.id == id)?;
        Some(resource.fields.clone())
    }

    /// # Errors
    /// The API's message if `fields` are invalid.
    pub(super) fn create(
        &mut self,
        kind: ResourceKind,
        fields: ResourceFields,
    ) -> Result<ResourceFields, &'static str> {
        let id = token::uuid();
        let fields = kind.complete(&id, fields)?;
        self.of_kind(kind).push(Resource { id, fields: fields.clone() });
        Ok(fields)
    }

    /// Returns `None` if there is no such resource.
    ///
    /// # Errors
    /// The API's message if `fields` are invalid.
    pub(super) fn replace(
        &mut self,
        kind: ResourceKind,
        id: &str,
        fields: ResourceFields,
    ) -> Result<Option<ResourceFields>, &'static str> {
        let fields = kind.complete(id, fields)?;
        let found = self.of_kind(kind).iter_mut().find(|resource| resource.id == id);
        Ok(found.map(|resource| {
            resource.fields = fields.clone();
            fields
        }))
    }

    pub(super) fn remove(&mut self, kind: ResourceKind, id: &str) -> bool {
        let resources = self.of_kind(kind);
        let count = resources.len();
        resources.retain(|resource| resource.id != id);
        resources.len() < count
    }

    pub(super) fn list(&mut self, kind: ResourceKind, query: &ListQuery) -> Value {
        let matches = |fields: &&ResourceFields| match &query.name {
            Some(name) => fields.get("name").is_some_and(|value| value == name.as_str()),
            None => true,
        };
        let resources = self.of_kind(kind).iter().map(|resource| &resource.fields);
        let matching: Vec<&ResourceFields> = resources.filter(matches).collect();
        let size = query.page_size.max(1);
        let page = matching.chunks(size).nth(query.page_number.saturating_sub(1));
        json!({
            "entities": page.unwrap_or_default(),
            "pageSize": size,
            "pageNumber": query.page_number,
            "pageCount": matching.len().div_ceil(size),
            "total": matching.len(),
        })
    }

    fn of_kind(&mut self, kind: ResourceKind) -> &mut Vec<Resource> {
        match kind {
            ResourceKind::Skill => &mut self.skills,
            ResourceKind::WrapupCode => &mut self.wrapup_codes,
        }
    }
}

impl ResourceKind {
    /// Adds the fields that the API sets.
    fn complete(
        self,
        id: &str,
        mut fields: ResourceFields,
    ) -> Result<ResourceFields, &'static str> {
        if !matches!(fields.get("name"), Some(Value::String(name)) if !name.is_empty()) {
            return Err("The name is missing.");
        }
        fields.insert("id".into(), id.into());
        match self {
            ResourceKind::Skill => fields.insert("state".into(), "active".into()),
            // A client sends the division's id alone.
            ResourceKind::WrapupCode => fields.insert("division".into(), home_division()),
        };
        Ok(fields)
    }
}

pub(super) fn home_division() -> Value {
    json!({
        "id": "5a5d0b0c-0000-4000-8000-000000000002",
        "name": "Home",
        "description": "The home division",
    })
}
