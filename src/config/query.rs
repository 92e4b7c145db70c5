//! The query of Terraform's `external` data source: one JSON object of
//! strings on standard input.

use std::collections::BTreeMap;
use std::io::Read;

use serde_json::Value;

use super::origin::{Origin, Sourced};
use super::setting::Setting;
use super::table;
use crate::error::{Error, Kind, Result};
use crate::text;
use crate::text::shown;

/// The settings of a query. An empty value counts as not given, so that a
/// Terraform variable may default to `""`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    values: BTreeMap<&'static str, String>,
    source: QuerySource,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum QuerySource {
    #[default]
    None,
    Stdin,
    /// Our own Terraform provider.
    Attributes,
}

const MAX_BYTES: u64 = 1 << 20;

impl Query {
    pub fn read(input: &mut dyn Read) -> Result<Query> {
        let mut bytes = Vec::new();
        input.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| {
            Error::new(Kind::Configuration, "cannot read the query from standard input")
                .with_source(error)
        })?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(refused("it is longer than 1 MiB"));
        }
        Query::parse(&bytes)
    }

    /// # Errors
    /// [`Kind::Configuration`], naming the key that is unknown, not a string,
    /// or a secret. Values are not shown, because they may be secrets.
    pub fn parse(bytes: &[u8]) -> Result<Query> {
        let bytes = text::utf8(bytes).map_err(|bad| refused(format!("it {bad}")))?;
        if bytes.trim_ascii().is_empty() {
            return Err(refused("standard input is empty")
                .with_hint("to try it by hand: echo '{}' | gc-token external"));
        }
        // The parser's own message may quote the input.
        let value: Value = serde_json::from_str(bytes).map_err(|error| {
            refused(format!("no JSON at line {}, column {}", error.line(), error.column()))
        })?;
        let Value::Object(object) = value else {
            return Err(refused("it is not a JSON object"));
        };
        let mut values = BTreeMap::new();
        for (key, value) in object {
            let setting = find_setting(&key)?;
            let value = match value {
                Value::String(value) => value,
                // Terraform drops them as well before it calls a program.
                Value::Null => continue,
                _ => return Err(refused(format!("the value of {key:?} is not a string"))),
            };
            values.insert(setting.key, value);
        }
        Ok(Query::from_values(values, QuerySource::Stdin))
    }

    pub fn of_attributes<'a>(
        attributes: impl IntoIterator<Item = (&'static str, &'a str)>,
    ) -> Query {
        let values = attributes.into_iter().map(|(key, value)| (key, value.to_owned()));
        Query::from_values(values.collect(), QuerySource::Attributes)
    }

    fn from_values(mut values: BTreeMap<&'static str, String>, source: QuerySource) -> Query {
        values.values_mut().for_each(|value| *value = text::trim(value).to_owned());
        values.retain(|_, value| !value.is_empty());
        Query { values, source }
    }

    pub(super) fn is_of_attributes(&self) -> bool {
        self.source == QuerySource::Attributes
    }

    pub fn get(&self, setting: &Setting) -> Option<Sourced> {
        let value = self.values.get(setting.key)?.clone();
        let origin = match self.source {
            QuerySource::Attributes => Origin::Attribute(setting.key),
            QuerySource::Stdin | QuerySource::None => Origin::Query(setting.key),
        };
        Some(Sourced { value, origin })
    }

    /// Lists the sources that could have set this setting: the flag and the query, or
    /// the attribute.
    pub(super) fn kinds_of_places(&self) -> &'static str {
        match self.source {
            QuerySource::Attributes => "the attributes",
            QuerySource::Stdin => "flags, the query",
            QuerySource::None => "flags",
        }
    }

    pub(super) fn places(&self, setting: &Setting) -> String {
        match self.source {
            QuerySource::Attributes => format!("attribute {:?}", setting.key),
            QuerySource::Stdin if setting.in_query => format!("--{}, the query", setting.flag),
            QuerySource::Stdin | QuerySource::None => format!("--{}", setting.flag),
        }
    }
}

fn find_setting(key: &str) -> Result<&'static Setting> {
    let settings = || table::ALL.iter().filter(|setting| setting.in_query);
    if let Some(setting) = settings().find(|setting| setting.key == key) {
        return Ok(setting);
    }
    if key.contains("secret") || key.contains("password") {
        return Err(refused(format!(
            "{} would write the secret into Terraform's state",
            shown::quoted(key)
        ))
        .with_hint("set GENESYSCLOUD_OAUTHCLIENT_SECRET, or use --client-secret-file"));
    }
    let known: Vec<_> = settings().map(|setting| setting.key).collect();
    Err(refused(format!("unknown key {}", shown::quoted(key)))
        .with_hint(format!("known keys: {}", known.join(", "))))
}

fn refused(why: impl Into<String>) -> Error {
    Error::new(Kind::Configuration, "the query on standard input cannot be used").with_cause(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_strings_drops_null_and_empty() {
        let query = br#" {"region":"eu-west-1","scope":null,"audience":"","min_ttl":"5m"} "#;
        let query = Query::parse(query).unwrap();
        let value = |setting| query.get(setting).map(|given| given.value);
        assert_eq!(value(&table::REGION).as_deref(), Some("eu-west-1"));
        assert_eq!(value(&table::MIN_TTL).as_deref(), Some("5m"));
        assert_eq!(value(&table::SCOPE), None);
        assert_eq!(value(&table::AUDIENCE), None);
        assert!(Query::parse(b"{}").unwrap().values.is_empty());
    }

    #[test]
    fn refuses_everything_else_by_name() {
        let why = |text: &str| Query::parse(text.as_bytes()).unwrap_err().cause.unwrap();
        assert_eq!(why(""), "standard input is empty");
        assert_eq!(why("{"), "no JSON at line 1, column 1");
        assert_eq!(why("[]"), "it is not a JSON object");
        assert_eq!(why(r#"{"region":1}"#), r#"the value of "region" is not a string"#);
        assert_eq!(why(r#"{"regoin":"x"}"#), r#"unknown key "regoin""#);
        assert_eq!(why(r#"{"timeout":"x"}"#), r#"unknown key "timeout""#);
        assert_eq!(
            why(r#"{"client_secret":"hush"}"#),
            r#""client_secret" would write the secret into Terraform's state"#
        );
    }

    #[test]
    fn is_read_to_a_limit() {
        let mut endless = std::io::repeat(b' ');
        let error = Query::read(&mut endless).unwrap_err();
        assert_eq!(error.cause.as_deref(), Some("it is longer than 1 MiB"));
    }
}
