//! Where a value came from.

use std::fmt;
use std::path::PathBuf;

use url::{Position, Url};

use crate::error::{Error, Kind};

/// Where a value came from; its `Display` is how a message names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A command-line flag, by its name without dashes.
    Flag(&'static str),
    /// A key of the Terraform query.
    Query(&'static str),
    /// An attribute in a Terraform configuration.
    Attribute(&'static str),
    /// An environment variable.
    Variable(&'static str),
    /// A key of a profile.
    Profile {
        /// The profile's name.
        profile: String,
        /// The key in it.
        key: String,
        /// The file that holds it.
        file: PathBuf,
    },
}

/// A value, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The value as it was written.
    pub value: String,
    /// Where it was written.
    pub origin: Origin,
}

impl Given {
    /// The value as a message may show it.
    pub fn shown(&self) -> String {
        shown(&self.value)
    }

    /// The error that refuses this value: it `is not …`.
    pub fn refused(&self, is: &str) -> Error {
        let kind = match self.origin {
            Origin::Flag(_) => Kind::Usage,
            _ => Kind::Configuration,
        };
        let error = Error::new(kind, format!("{}: {:?} {is}", self.origin, self.value));
        match self.origin {
            Origin::Attribute(name) => error.at(name),
            _ => error,
        }
    }
}

impl Origin {
    /// Whether it is a profile.
    pub(super) fn is_profile(&self) -> bool {
        matches!(self, Origin::Profile { .. })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Flag(name) => write!(f, "--{name}"),
            Origin::Query(key) => write!(f, "query key {key:?}"),
            Origin::Attribute(name) => write!(f, "attribute {name:?}"),
            Origin::Variable(name) => f.write_str(name),
            Origin::Profile { profile, key, file } => {
                write!(f, "{key} of profile {profile:?} in {}", file.display())
            }
        }
    }
}

/// The value, unless a password may be in it: people paste URLs with
/// credentials, and a setting that is refused for it is shown here, too.
fn shown(value: &str) -> String {
    const HIDDEN: &str = "(not shown: there may be a password in it)";
    if looks_like_secret(value) {
        return "(not shown: it looks like a secret)".to_owned();
    }
    if !value.contains("://") && !value.contains('@') {
        return value.to_owned();
    }
    match Url::parse(value) {
        Ok(url)
            if url.username().is_empty() && url.password().is_none() && !value.contains('@') =>
        {
            let before = &url[..Position::AfterPath];
            match (url.query(), url.fragment()) {
                (Some(_), _) => format!("{before}?..."),
                (None, Some(_)) => before.to_owned(),
                (None, None) => value.to_owned(),
            }
        }
        _ => HIDDEN.to_owned(),
    }
}

/// Whether a value may be a secret in the wrong place, such as a client's id and
/// secret that were swapped: as long as a generated secret, in one piece.
fn looks_like_secret(value: &str) -> bool {
    let is_part = |char: char| char.is_ascii_alphanumeric() || "-_+~=".contains(char);
    value.len() >= SECRET_LENGTH && value.chars().all(is_part)
}

/// The secrets that Genesys Cloud makes have 43 characters, and ids 36.
const SECRET_LENGTH: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_hold_a_password_is_not_shown() {
        for (value, is) in [
            ("eu-west-1", "eu-west-1"),
            ("https://login.example/x", "https://login.example/x"),
            ("https://login.example/x?key=hunter2", "https://login.example/x?..."),
            ("https://login.example/#hunter2", "https://login.example/"),
        ] {
            assert_eq!(shown(value), is);
        }
        let secret = "wPq3-Zx81_7yBv0nKdRk2sLtJm4HfGcAeUoQiT5bN6M";
        assert_eq!(shown(secret), "(not shown: it looks like a secret)");
        let id = "8a7f3c52-0d1e-4b6f-9c2a-5e4d3b2a1f00";
        assert_eq!(shown(id), id);
        for value in [
            "https://id:hunter2@login.example",
            "id:hunter2@login.example",
            "https://id:hun/ter2@login.example",
            "https://hunter 2",
        ] {
            assert!(!shown(value).contains("hun"), "{value}");
        }
    }
}
