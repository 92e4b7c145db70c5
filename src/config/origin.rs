//! The origin of a value, for messages.

use std::fmt;
use std::path::PathBuf;

use super::unknown::name_shown;
use crate::error::{Error, Kind};
use crate::text::{flaws, shown};

/// The source of a value. Messages name it by its `Display`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The name has no dashes.
    Flag(&'static str),
    Query(&'static str),
    /// An attribute of our own Terraform provider.
    Attribute(&'static str),
    Variable(&'static str),
    Profile {
        profile: String,
        key: String,
        file: PathBuf,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sourced {
    pub value: String,
    pub origin: Origin,
}

impl Sourced {
    /// Returns the value, or a placeholder if it may be a secret.
    pub fn shown(&self) -> String {
        shown::plain(&self.value)
    }

    /// Returns an error that says `value is ...`. The value is hidden if it may be a
    /// secret; the cause is a mistake that is visible in it.
    pub fn refused(&self, is: &str) -> Error {
        let error = self.origin.refused(&format!("{} {is}", shown::quoted(&self.value)));
        match flaws::of(&self.value) {
            Some(flaw) => error.with_cause(format!("it {flaw}")),
            None => error,
        }
    }
}

impl Origin {
    pub(crate) fn is_flag(&self) -> bool {
        matches!(self, Origin::Flag(_))
    }

    pub fn refused(&self, why: &str) -> Error {
        let kind = match self {
            Origin::Flag(_) => Kind::Usage,
            _ => Kind::Configuration,
        };
        let error = Error::new(kind, format!("{self}: {why}"));
        match self {
            Origin::Attribute(name) => error.with_attribute(*name),
            _ => error,
        }
    }

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
                let (key, profile) = (name_shown(key), shown::plain(profile));
                write!(f, "{key} of profile {profile:?} in {}", file.display())
            }
        }
    }
}
