//! Environment variables.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Arc;

use crate::text;

#[derive(Debug, Clone)]
pub enum Environment {
    Process,
    Fixed(Arc<BTreeMap<String, OsString>>),
}

impl Environment {
    pub fn fixed(variables: impl IntoIterator<Item = (String, OsString)>) -> Environment {
        Environment::Fixed(Arc::new(variables.into_iter().collect()))
    }

    /// Returns the value as it is; `None` if the variable is unset *or empty*: CI systems
    /// set a missing secret to the empty string. A byte order mark and line ends alone count
    /// as empty.
    #[expect(clippy::disallowed_methods, reason = "the only place that reads the environment")]
    pub fn os(&self, name: &str) -> Option<OsString> {
        let value = match self {
            Environment::Process => std::env::var_os(name),
            Environment::Fixed(map) => map.get(name).cloned(),
        };
        value.filter(|value| !text::is_empty(value.as_encoded_bytes()))
    }

    /// Returns the value as text, without a byte order mark and without line ends at the end;
    /// `None` as for [`Environment::os`]. Bytes that are not UTF-8 are replaced: settings
    /// that contain any are refused elsewhere.
    pub fn text(&self, name: &str) -> Option<String> {
        let value = self.os(name)?;
        let text = value.to_string_lossy();
        Some(text::trim(&text).to_owned())
    }

    #[expect(clippy::disallowed_methods, reason = "the only place that reads the environment")]
    pub fn names(&self, prefix: &str) -> Vec<OsString> {
        let matches_prefix = |name: &OsString, value: &OsString| {
            name.as_encoded_bytes().starts_with(prefix.as_bytes()) && !value.is_empty()
        };
        match self {
            Environment::Process => std::env::vars_os()
                .filter(|(name, value)| matches_prefix(name, value))
                .map(|(name, _)| name)
                .collect(),
            Environment::Fixed(map) => map
                .iter()
                .map(|(name, value)| (OsString::from(name), value))
                .filter(|(name, value)| matches_prefix(name, value))
                .map(|(name, _)| name)
                .collect(),
        }
    }

    /// Returns every variable as a child inherits it, empty ones included.
    #[expect(clippy::disallowed_methods, reason = "the only place that reads the environment")]
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
        Environment::fixed(pairs.into_iter().map(own))
    }
}
