//! Environment variables to set.

use std::fmt;
use std::str::FromStr;

use crate::text::shown;

/// `[A-Za-z_][A-Za-z0-9_]*`, which needs no quotes in any shell (POSIX.1-2017, XBD 8.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(String);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameError(String);

/// Has no `Debug`, because the value may be secret.
#[derive(Clone, Copy)]
pub struct Variable<'a> {
    pub name: &'a Name,
    pub value: &'a str,
    /// A CI system has to keep the value out of its log.
    pub secret: bool,
}

impl Name {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Variable<'_> {
    /// Returns whether both are one variable on some system, with different values: Windows
    /// does not distinguish `a` from `A`.
    pub(super) fn clashes_with(&self, other: &Variable<'_>) -> bool {
        self.name.0.eq_ignore_ascii_case(&other.name.0) && self.value != other.value
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let is_word = |byte: u8| byte == b'_' || byte.is_ascii_alphanumeric();
        let begins_well = !text.starts_with(|first: char| first.is_ascii_digit());
        if !text.is_empty() && begins_well && text.bytes().all(is_word) {
            Ok(Name(text.into()))
        } else {
            Err(NameError(text.into()))
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} cannot name a variable: use letters, digits and '_', and begin with no digit",
            shown::quoted(&self.0)
        )
    }
}

impl std::error::Error for NameError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_every_shell_takes() {
        for name in ["A", "_", "a1", "_1", "GENESYSCLOUD_ACCESS_TOKEN"] {
            assert_eq!(name.parse::<Name>().unwrap().as_str(), name);
        }
    }

    #[test]
    fn refuses_everything_else_by_name() {
        for text in ["", "1A", "A B", "A=B", "A;reboot", "A\n", "\u{e4}", "A-B"] {
            let error = text.parse::<Name>().unwrap_err();
            assert!(error.to_string().starts_with(&format!("{text:?} cannot")));
        }
    }
}
