//! The JSON Schema of `config.toml`, generated from the table of settings.

use serde_json::{Map, Value, json};

use super::setting::{Setting, ValueType};
use super::table::{self, CLIENT_SECRET, CLIENT_SECRET_COMMAND, STORE_PASSWORD_COMMAND};
use crate::region::REGIONS;

/// Describes what [`Profile`](super::profile) accepts: tables of settings, one per profile.
pub fn json_schema() -> Value {
    let settings = table::ALL.iter().filter(|setting| setting.in_profile);
    let mut properties: Map<String, Value> =
        settings.map(|setting| (setting.key.to_owned(), property(setting))).collect();
    properties.insert(
        CLIENT_SECRET.to_owned(),
        json!({ "type": "string", "description": "The client secret" }),
    );
    for (key, printed) in [
        (CLIENT_SECRET_COMMAND, "the client secret"),
        (STORE_PASSWORD_COMMAND, "the password of the Redis store"),
    ] {
        properties.insert(
            key.to_owned(),
            json!({
                "type": "array",
                "items": { "type": "string" },
                "minItems": 1,
                "description": format!(
                    "A command that prints {printed}, as a list of arguments: no shell is involved"
                ),
            }),
        );
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Profiles of gc-token",
        "description": "One table for each profile; [default] is read unless another is named",
        "type": "object",
        "additionalProperties": { "$ref": "#/$defs/profile" },
        "$defs": {
            "profile": {
                "type": "object",
                "properties": properties,
                "additionalProperties": false,
            },
        },
    })
}

fn property(setting: &Setting) -> Value {
    let mut property = match setting.value {
        ValueType::Duration => json!({
            "type": ["string", "integer"],
            "minimum": 0,
            "examples": [90, "5s", "1m30s", "1h"],
        }),
        ValueType::Number { max, pattern } => json!({
            "anyOf": [
                { "type": "integer", "minimum": 1, "maximum": max },
                { "type": "string", "pattern": pattern },
            ],
        }),
        ValueType::Switch | ValueType::OptionalSwitch => json!({
            "enum": [true, false, "true", "false", "yes", "no", "on", "off", "1", "0", 1, 0],
        }),
        ValueType::Choice(values) => json!({ "enum": values }),
        ValueType::Region => {
            let names: Vec<_> = REGIONS.iter().map(|region| region.aws).collect();
            json!({ "type": "string", "examples": names })
        }
        ValueType::Url => json!({ "type": "string", "format": "uri" }),
        _ => json!({ "type": "string" }),
    };
    let default = setting.shown_default().map(|default| format!(" [default: {default}]"));
    property["description"] = format!("{}{}", setting.help, default.unwrap_or_default()).into();
    if let Some(default) = setting.default_text() {
        property["default"] = default.into();
    }
    property
}

#[cfg(test)]
mod tests;
