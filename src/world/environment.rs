//! Environment variables.

use std::collections::BTreeMap;
use std::ffi::OsString;

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
    /// systems set a missing secret to the empty string.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn os(&self, name: &str) -> Option<OsString> {
        let value = match self {
            Environment::Process => std::env::var_os(name),
            Environment::Fixed(map) => map.get(name).cloned(),
        };
        value.filter(|value| !value.is_empty())
    }

    /// The variable's value as text. Bytes that are not UTF-8 are replaced, so
    /// that the message which refuses the value can show it.
    pub fn text(&self, name: &str) -> Option<String> {
        Some(self.os(name)?.to_string_lossy().into_owned())
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
