//! Renders the settings as a table and as JSON.

mod table;

use std::path::Path;

use serde_json::{Value, json};

use crate::config::{InspectedSetting, InspectedValue, Origin};
use crate::context::Screen;
use crate::error::Error;
use crate::text::shown;
use table::SettingsTable;

pub(super) struct ShownSettings<'a> {
    /// Name and file.
    pub(super) profile: Option<(String, &'a Path)>,
    pub(super) settings: Vec<InspectedSetting>,
    /// The reason why no profile could be read.
    pub(super) unreadable: Option<Error>,
    /// Keys of the profile that are not settings.
    pub(super) key_faults: Vec<Error>,
}

impl ShownSettings<'_> {
    /// Overridden values are for the verbose table.
    pub(super) fn to_text(&self, is_verbose: bool, screen: Screen) -> String {
        let table = SettingsTable { settings: self, is_verbose, screen };
        table.to_text()
    }

    pub(super) fn to_json(&self) -> Value {
        let profile = self
            .profile
            .as_ref()
            .map(|(name, file)| json!({ "name": name, "file": file.display().to_string() }));
        let settings: Vec<_> = self.settings.iter().map(setting_json).collect();
        let faults = self.unreadable.iter().chain(&self.key_faults).map(Error::one_line);
        json!({ "profile": profile, "settings": settings, "faults": faults.collect::<Vec<_>>() })
    }
}

fn setting_json(setting: &InspectedSetting) -> Value {
    let (value, overridden) = match setting.values.split_first() {
        Some((value, overridden)) => (Some(value), overridden),
        None => (None, &[][..]),
    };
    let default = setting.default.as_ref();
    let origin = match value {
        Some(value) => origin_json(value),
        None if default.is_some() => json!({ "kind": "default" }),
        None => Value::Null,
    };
    let overridden: Vec<_> = overridden
        .iter()
        .map(|value| json!({ "value": value.shown, "origin": origin_json(value) }))
        .collect();
    json!({
        "name": setting.name,
        "value": value.map(|value| &value.shown).or(default),
        "origin": origin,
        "overridden": overridden,
        "fault": setting.fault.as_ref().map(Error::one_line),
    })
}

fn origin_json(value: &InspectedValue) -> Value {
    match &value.origin {
        Origin::Flag(name) => json!({ "kind": "flag", "name": format!("--{name}") }),
        Origin::Variable(name) => json!({ "kind": "variable", "name": name }),
        Origin::Profile { profile, key, file } => json!({
            "kind": "profile",
            "profile": shown::plain(profile),
            "key": key,
            "file": file.display().to_string(),
            "line": value.line,
        }),
        Origin::Query(name) | Origin::Attribute(name) => {
            json!({ "kind": "argument", "name": name })
        }
    }
}
