//! The provider's arguments and results, and how arguments become settings.

use secrecy::SecretString;

use crate::config::{Query, Setting, table};
use crate::error::{Error, Kind, Result};
use crate::terraform::plugin::{
    AttributeSchema, BlockSchema, TerraformObject, TerraformValue, Type,
};

/// What a resource asks for, the provider's defaults included.
pub(super) struct Attributes {
    /// The settings among them.
    pub(super) query: Query,
    /// The client secret, where one is given.
    pub(super) client_secret: Option<SecretString>,
    /// Whether the token is to end with the run.
    pub(super) revoke_on_close: bool,
}

/// The settings that the provider block and its resources take, with their descriptions.
fn settings_with_attribute() -> impl Iterator<Item = (&'static Setting, &'static str)> {
    table::ALL.iter().filter_map(|setting| Some((*setting, setting.attribute?)))
}

const REVOKE_ON_CLOSE: &str = "revoke_on_close";

/// Adds those arguments that are settings and have one of these keys.
pub(super) fn some_settings(block: BlockSchema, keys: &[&str]) -> BlockSchema {
    let wanted = settings_with_attribute().filter(|(setting, _)| keys.contains(&setting.key));
    wanted.fold(block, |block, (setting, description)| {
        block.with(AttributeSchema::optional(setting.key, Type::String, description))
    })
}

/// Adds the arguments that are settings.
pub(super) fn settings(block: BlockSchema) -> BlockSchema {
    let keys: Vec<_> = settings_with_attribute().map(|(setting, _)| setting.key).collect();
    let block = some_settings(block, &keys);
    let description = "The client secret. May itself be ephemeral; the environment variable \
                       `GENESYSCLOUD_OAUTHCLIENT_SECRET` is the better place.";
    block.with(
        AttributeSchema::optional(table::CLIENT_SECRET, Type::String, description).sensitive(),
    )
}

/// The ephemeral resource.
pub(super) fn access_token() -> BlockSchema {
    let revoke = "Make a token for this run alone, and revoke it at the end. Without it, the \
                  token comes from the cache that all runs on the machine share.";
    settings(BlockSchema::new(
        "An access token that is known to live long enough. It is opened anew for plan and for \
         apply, and stored in neither state nor plan.",
    ))
    .with(AttributeSchema::optional(REVOKE_ON_CLOSE, Type::Bool, revoke))
    .with(AttributeSchema::computed("access_token", Type::String, "The access token.").sensitive())
    .with(AttributeSchema::computed("token_type", Type::String, "How to present it: `Bearer`."))
    .with(AttributeSchema::computed(
        "expires_at",
        Type::String,
        "When it ends, by the issuer's clock (RFC 3339, UTC).",
    ))
    .with(AttributeSchema::computed(
        "aws_region",
        Type::String,
        "The AWS region, empty if unknown.",
    ))
    .with(AttributeSchema::computed(
        "api_url",
        Type::String,
        "The API's URL, empty if unknown.",
    ))
}

/// The resource's arguments, and the provider block's where it has none.
///
/// # Errors
/// `Configuration` when the provider block holds a value that is known only
/// after apply: a token made without it could be another client's.
pub(super) fn merge(defaults: &TerraformObject, config: &TerraformObject) -> Result<Attributes> {
    let keys = settings_with_attribute().map(|(setting, _)| setting.key);
    let client_secret = text(defaults, config, table::CLIENT_SECRET)?;
    Ok(Attributes {
        query: query(defaults, config, keys)?,
        client_secret: client_secret.filter(|secret| !secret.is_empty()).map(Into::into),
        revoke_on_close: config.as_bool(REVOKE_ON_CLOSE).unwrap_or_default(),
    })
}

/// The settings among a block's own arguments that are known already.
pub(super) fn known(config: &TerraformObject) -> Query {
    let known = |(setting, _): (&Setting, _)| Some((setting.key, config.as_str(setting.key)?));
    Query::of_attributes(settings_with_attribute().filter_map(known))
}

/// The settings with these keys, the provider block's where the resource has
/// none.
///
/// # Errors
/// As [`merge`].
pub(super) fn query(
    defaults: &TerraformObject,
    config: &TerraformObject,
    keys: impl IntoIterator<Item = &'static str>,
) -> Result<Query> {
    let mut given = Vec::new();
    for key in keys {
        given.extend(text(defaults, config, key)?.map(|value| (key, value)));
    }
    Ok(Query::of_attributes(given.iter().map(|(key, value)| (*key, value.as_str()))))
}

fn text(
    defaults: &TerraformObject,
    config: &TerraformObject,
    name: &'static str,
) -> Result<Option<String>> {
    let value = match config.get(name) {
        TerraformValue::Null => defaults.get(name),
        own => own,
    };
    match value {
        TerraformValue::String(text) => Ok(Some(text.clone())),
        TerraformValue::Unknown => Err(unknown(name)),
        _ => Ok(None),
    }
}

fn unknown(name: &'static str) -> Error {
    let what = format!("{name} of the provider block is known only after apply");
    Error::new(Kind::Configuration, what)
        .with_hint("set it to something that is known while planning, or set it in the resource")
        .with_attribute(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_goes_before_the_provider_block() {
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
    fn an_unknown_default_counts_only_where_it_is_needed() {
        let defaults = TerraformObject::default().with("region", TerraformValue::Unknown);
        let error = merge(&defaults, &TerraformObject::default()).err().unwrap();
        assert_eq!(error.attribute.as_deref(), Some("region"));
        let config = TerraformObject::default().with("region", "eu-west-1");
        assert!(merge(&defaults, &config).is_ok());
    }
}
