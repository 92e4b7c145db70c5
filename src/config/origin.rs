//! Where a value came from.

use std::fmt;
use std::path::PathBuf;

use crate::error::{Error, Kind};
use crate::text::{flaws, shown};

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
pub struct Sourced {
    /// The value as it was written.
    pub value: String,
    /// Where it was written.
    pub origin: Origin,
}

impl Sourced {
    /// The value as a report may show it.
    pub fn shown(&self) -> String {
        shown::plain(&self.value)
    }

    /// The error that refuses this value: it `is not …`. The value is shown as
    /// far as it can be no secret; what is visibly wrong with it is the cause.
    pub fn refused(&self, is: &str) -> Error {
        let error = self.origin.refused(&format!("{} {is}", shown::quoted(&self.value)));
        match flaws::of(&self.value) {
            Some(flaw) => error.with_cause(format!("it {flaw}")),
            None => error,
        }
    }
}

impl Origin {
    /// The error that refuses what comes from here, without showing it.
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

    /// Returns whether it is a profile.
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
