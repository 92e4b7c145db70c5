//! Environment variables.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;

use crate::platform::find_variable;
use crate::text;

/// A copy of the environment, sorted by name: each setting is looked up, and the operating
/// system's own list has to be searched from its beginning.
#[derive(Clone)]
pub struct Environment {
    variables: Arc<[(OsString, OsString)]>,
    is_of_process: bool,
}

impl Environment {
    #[expect(clippy::disallowed_methods, reason = "the only place that reads the environment")]
    pub fn of_process() -> Environment {
        Environment { variables: sorted(std::env::vars_os()), is_of_process: true }
    }

    pub fn fixed(variables: impl IntoIterator<Item = (String, OsString)>) -> Environment {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value));
        Environment { variables: sorted(variables), is_of_process: false }
    }

    /// Returns whether other settings of the process's user apply, too.
    pub fn is_of_process(&self) -> bool {
        self.is_of_process
    }

    /// Returns the value as it is; `None` if the variable is unset *or empty*: CI systems
    /// set a missing secret to the empty string. A byte order mark and line ends alone count
    /// as empty.
    pub fn os(&self, name: &str) -> Option<OsString> {
        let value = find_variable(&self.variables, name)?;
        (!text::is_empty(value.as_encoded_bytes())).then(|| value.to_owned())
    }

    /// Returns the value as text, without a byte order mark and without line ends at the end;
    /// `None` as for [`Environment::os`]. Bytes that are not UTF-8 are replaced: settings
    /// that contain any are refused elsewhere.
    pub fn text(&self, name: &str) -> Option<String> {
        let value = self.os(name)?;
        Some(text::trim(&value.to_string_lossy()).to_owned())
    }

    pub fn names(&self, prefix: &str) -> Vec<OsString> {
        let matches_prefix = |(name, value): &&(OsString, OsString)| {
            name.as_encoded_bytes().starts_with(prefix.as_bytes()) && !value.is_empty()
        };
        let matching = self.variables.iter().filter(matches_prefix);
        matching.map(|(name, _)| name.clone()).collect()
    }

    /// Returns every variable as a child inherits it, empty ones included.
    pub fn all(&self) -> BTreeMap<OsString, OsString> {
        self.variables.iter().cloned().collect()
    }
}

fn sorted(variables: impl Iterator<Item = (OsString, OsString)>) -> Arc<[(OsString, OsString)]> {
    let mut variables: Vec<_> = variables.collect();
    // The first of several variables of one name counts, as for getenv(3).
    variables.sort_by(|(one, _), (two, _)| one.cmp(two));
    variables.dedup_by(|(later, _), (first, _)| later == first);
    variables.into()
}

/// The values may be secrets.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.iter().map(|(name, _)| name)).finish()
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(pairs: [(&str, &str); N]) -> Self {
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.into());
        Environment::fixed(pairs.into_iter().map(own))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_of_a_name_counts() {
        let variables = [("b", "1"), ("a", "2"), ("b", "3"), ("ab", "")];
        let env = Environment::fixed(variables.map(|(name, value)| (name.into(), value.into())));
        let found = ["a", "ab", "b", "c", ""].map(|name| env.text(name));
        assert_eq!(found, [Some("2".to_owned()), None, Some("1".to_owned()), None, None]);
        assert_eq!(env.all().len(), 3);
    }

    #[test]
    fn debug_shows_no_value() {
        let shown = format!("{:?}", Environment::from([("NAME", "hunter2")]));
        assert_eq!(shown, r#"{"NAME"}"#);
    }
}
