//! Environment variables.

use std::collections::BTreeMap;
use std::ffi::OsString;

use crate::text;

/// The process's variables, or a set made for a test.
#[derive(Debug, Clone)]
pub enum Environment {
    /// Look each variable up when it is asked for.
    Process,
    /// Only these.
    Fixed(BTreeMap<String, OsString>),
}

impl Environment {
    /// The variable's value as it is; `None` when it is unset *or empty*: CI
    /// systems set a missing secret to the empty string. A byte order mark and line
    /// ends alone are empty.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn os(&self, name: &str) -> Option<OsString> {
        let value = match self {
            Environment::Process => std::env::var_os(name),
            Environment::Fixed(map) => map.get(name).cloned(),
        };
        value.filter(|value| !text::is_empty(value.as_encoded_bytes()))
    }

    /// The variable's value as text, without a byte order mark and line ends at
    /// the end; `None` where [`Environment::os`] has none. Bytes that are not UTF-8 are
    /// replaced: settings that have any are refused.
    pub fn text(&self, name: &str) -> Option<String> {
        let value = self.os(name)?;
        let text = value.to_string_lossy();
        Some(text::trim(&text).to_owned())
    }

    /// The names of the variables that begin with `prefix` and are not empty.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn names(&self, prefix: &str) -> Vec<OsString> {
        let wanted = |name: &OsString, value: &OsString| {
            name.as_encoded_bytes().starts_with(prefix.as_bytes()) && !value.is_empty()
        };
        match self {
            Environment::Process => std::env::vars_os()
                .filter(|(name, value)| wanted(name, value))
                .map(|(name, _)| name)
                .collect(),
            Environment::Fixed(map) => map
                .iter()
                .map(|(name, value)| (OsString::from(name), value))
                .filter(|(name, value)| wanted(name, value))
                .map(|(name, _)| name)
                .collect(),
        }
    }

    /// Every variable as it is, empty ones included: what a child inherits.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn all(&self) -> BTreeMap<OsString, OsString> {
        match self {
            Environment::Process => std::env::vars_os().collect(),
            Environment::Fixed(map) => {
                map.iter().map(|(name, value)| (name.into(), value.clone())).collect()
            }
        }
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(pairs: [(&str, &str); N]) -> Self {
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.into());
        Environment::Fixed(pairs.into_iter().map(own).collect())
    }
}
