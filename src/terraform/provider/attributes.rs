//! The provider's arguments and results, and the conversion of arguments to settings.

use secrecy::SecretString;

use crate::config::{Query, Setting, ValueType, table};
use crate::error::{Error, Kind, Result};
use crate::terraform::plugin::{
    AttributeSchema, BlockSchema, TerraformObject, TerraformValue, Type,
};

pub(super) struct ResourceArguments {
    pub(super) query: Query,
    pub(super) client_secret: Option<SecretString>,
    pub(super) revoke_on_close: bool,
}

/// The settings that the provider block and its resources take, with their descriptions.
fn settings_with_attribute() -> impl Iterator<Item = (&'static Setting, &'static str)> {
    table::ALL.iter().filter_map(|setting| Some((*setting, setting.attribute?)))
}

pub(super) const REVOKE_ON_CLOSE: &str = "revoke_on_close";

pub(super) fn add_settings(block: BlockSchema, keys: &[&str]) -> BlockSchema {
    let wanted = settings_with_attribute().filter(|(setting, _)| keys.contains(&setting.key));
    wanted.fold(block, |block, (setting, description)| {
        let kind = match setting.value {
            ValueType::Switch | ValueType::OptionalSwitch => Type::Bool,
            // Others may be a number or a word.
            _ => Type::String,
        };
        block.with(AttributeSchema::optional(setting.key, kind, description))
    })
}

pub(super) fn add_all_settings(block: BlockSchema) -> BlockSchema {
    add_settings_and_secret(block, |_| true)
}

/// Adds the settings that determine which token a resource gets.
pub(super) fn add_token_settings(block: BlockSchema) -> BlockSchema {
    add_settings_and_secret(block, Setting::is_about_token)
}

fn add_settings_and_secret(block: BlockSchema, wanted: fn(&Setting) -> bool) -> BlockSchema {
    let settings = settings_with_attribute().filter(|(setting, _)| wanted(setting));
    let keys: Vec<_> = settings.map(|(setting, _)| setting.key).collect();
    let description = "The client secret. May itself be ephemeral; the environment variable \
                       `GENESYSCLOUD_OAUTHCLIENT_SECRET` is the better place.";
    add_settings(block, &keys).with(
        AttributeSchema::optional(table::CLIENT_SECRET, Type::String, description).sensitive(),
    )
}

/// Takes arguments that the resource does not set from the provider block.
///
/// # Errors
/// `Configuration` if the provider block has a value that is known only after apply: a token
/// minted without it could belong to another client.
pub(super) fn merge(
    defaults: &TerraformObject,
    config: &TerraformObject,
) -> Result<ResourceArguments> {
    let keys = settings_with_attribute().map(|(setting, _)| setting.key);
    let client_secret = merged_text(defaults, config, table::CLIENT_SECRET)?;
    Ok(ResourceArguments {
        query: query(defaults, config, keys)?,
        client_secret: client_secret.filter(|secret| !secret.is_empty()).map(Into::into),
        revoke_on_close: config.as_bool(REVOKE_ON_CLOSE).unwrap_or_default(),
    })
}

pub(super) fn known_settings(config: &TerraformObject) -> Query {
    let known_value = |(setting, _): (&Setting, _)| match config.get(setting.key) {
        TerraformValue::Unknown => None,
        value => Some((setting.key, text(value)?)),
    };
    let values: Vec<_> = settings_with_attribute().filter_map(known_value).collect();
    Query::of_attributes(values.iter().map(|(key, value)| (*key, value.as_str())))
}

/// Like [`merge`], for the settings with these keys.
pub(super) fn query(
    defaults: &TerraformObject,
    config: &TerraformObject,
    keys: impl IntoIterator<Item = &'static str>,
) -> Result<Query> {
    let mut values = Vec::new();
    for key in keys {
        values.extend(merged_text(defaults, config, key)?.map(|value| (key, value)));
    }
    Ok(Query::of_attributes(values.iter().map(|(key, value)| (*key, value.as_str()))))
}

fn merged_text(
    defaults: &TerraformObject,
    config: &TerraformObject,
    name: &'static str,
) -> Result<Option<String>> {
    let value = match config.get(name) {
        TerraformValue::Null => defaults.get(name),
        own => own,
    };
    match value {
        TerraformValue::Unknown => Err(unknown_default(name)),
        known => Ok(text(known)),
    }
}

fn text(value: &TerraformValue) -> Option<String> {
    match value {
        TerraformValue::String(text) => Some(text.clone()),
        TerraformValue::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn unknown_default(name: &'static str) -> Error {
    let message = format!("{name} of the provider block is known only after apply");
    Error::new(Kind::Configuration, message)
        .with_hint("set it to something that is known while planning, or set it in the resource")
        .with_attribute(name)
}

/// Replaces the flags in a message: by the attribute if the provider has one, otherwise by the
/// environment variable.
pub(super) fn with_attribute_names(text: &str) -> String {
    let is_flag_char = |char: char| char.is_ascii_alphanumeric() || char == '-';
    let mut translated = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("--") {
        let (before, flag) = rest.split_at(start);
        let end = flag.find(|char| !is_flag_char(char)).unwrap_or(flag.len());
        let (flag, after) = flag.split_at(end);
        let is_word = !before.ends_with(is_flag_char);
        let name = table::ALL.iter().find(|setting| is_word && setting.flag == &flag[2..]);
        translated += before;
        match name {
            Some(setting) if setting.attribute.is_some() => translated += setting.key,
            Some(setting) => translated += setting.variables.first().unwrap_or(&flag),
            None => translated += flag,
        }
        rest = after;
    }
    translated + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_overrides_the_provider_block() {
        let defaults = TerraformObject::default().with("region", "us-east-1").with("skew", "7s");
        let config =
            TerraformObject::default().with("region", "eu-west-1").with("client_secret", "");
        let merged = merge(&defaults, &config).unwrap();
        assert_eq!(merged.query.get(&table::REGION).unwrap().value, "eu-west-1");
        assert_eq!(merged.query.get(&table::SKEW).unwrap().value, "7s");
        assert!(merged.query.get(&table::MIN_TTL).is_none());
        assert!(merged.client_secret.is_none());
        assert!(!merged.revoke_on_close);
    }

    #[test]
    fn a_switch_is_a_boolean() {
        let config = TerraformObject::default().with("stand_in_token", false);
        let merged = merge(&TerraformObject::default(), &config).unwrap();
        for query in [&merged.query, &known_settings(&config)] {
            assert_eq!(query.get(&table::STAND_IN_TOKEN).unwrap().value, "false");
        }
    }

    #[test]
    fn an_unknown_default_counts_only_where_it_is_needed() {
        let defaults = TerraformObject::default().with("region", TerraformValue::Unknown);
        let error = merge(&defaults, &TerraformObject::default()).err().unwrap();
        assert_eq!(error.attribute.as_deref(), Some("region"));
        let config = TerraformObject::default().with("region", "eu-west-1");
        assert!(merge(&defaults, &config).is_ok());
    }

    #[test]
    fn messages_name_attributes_and_variables_in_place_of_flags() {
        for (text, expected) in [
            ("or lower --min-ttl or --skew", "or lower min_ttl or skew"),
            ("raise --skew: it is 5s", "raise skew: it is 5s"),
            ("allow more time with --timeout", "allow more time with GC_TOKEN_TIMEOUT"),
            ("--region or --api-url", "region or GC_TOKEN_API_URL"),
            ("--no-such-flag, a--skew, --", "--no-such-flag, a--skew, --"),
        ] {
            assert_eq!(with_attribute_names(text), expected);
        }
    }
}
