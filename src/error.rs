//! The error type that people read: what failed, why, and what to do about it.
//!
//! [`Kind`] maps to exit codes in one place. The texts never hold a secret.

use std::fmt;
use std::io;
use std::num::NonZeroU32;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::sanitize::line;

/// Kinds of failure, one for each exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The result cannot be written.
    Output,
    Usage,
    /// Settings are missing, unknown or contradict each other.
    Configuration,
    /// The issuer refused the client's credentials.
    CredentialsRefused,
    /// The issuer cannot be reached, or its response is unusable.
    Unavailable,
    /// The issuer limits the rate, for longer than the time limit allows.
    RateLimited,
    /// No token lives as long as required.
    Lifetime,
    /// The API refused a token that the issuer had just made.
    ApiRefused,
    /// The cache or its lock cannot be used.
    Cache,
    /// The operating system refused a process, a thread, a file, a socket or a directory.
    System,
    /// The command of `exec` exists but cannot be run.
    CommandUnusable,
    /// The command of `exec` does not exist.
    CommandNotFound,
}

impl Kind {
    pub fn exit_code(self) -> u8 {
        match self {
            Kind::Output => 1,
            Kind::Usage => 2,
            Kind::Configuration => 3,
            Kind::CredentialsRefused => 4,
            Kind::Unavailable => 5,
            Kind::RateLimited => 6,
            Kind::Lifetime => 7,
            Kind::ApiRefused => 8,
            Kind::Cache => 9,
            Kind::System => 10,
            // As a shell has them (POSIX.1-2017, XCU 2.8.2).
            Kind::CommandUnusable => 126,
            Kind::CommandNotFound => 127,
        }
    }

    /// Returns whether `doctor` looks at what can cause such a failure.
    fn is_examined_by_doctor(self) -> bool {
        match self {
            Kind::Configuration
            | Kind::CredentialsRefused
            | Kind::Unavailable
            | Kind::RateLimited
            | Kind::Lifetime
            | Kind::ApiRefused
            | Kind::Cache => true,
            Kind::Output
            | Kind::Usage
            | Kind::System
            | Kind::CommandUnusable
            | Kind::CommandNotFound => false,
        }
    }

    /// Returns the kind of a failure to listen on an address that a setting names: an
    /// address that cannot be used is the setting's fault, anything else the system's.
    pub fn of_listen_error(error: &io::Error) -> Kind {
        match error.kind() {
            io::ErrorKind::AddrInUse
            | io::ErrorKind::AddrNotAvailable
            | io::ErrorKind::PermissionDenied => Kind::Configuration,
            _ => Kind::System,
        }
    }

    /// Returns whether a later attempt may succeed although nobody changes anything.
    pub fn is_transient(self) -> bool {
        matches!(self, Kind::Unavailable | Kind::RateLimited | Kind::Cache | Kind::System)
    }
}

/// Texts that are set at most once are boxed, which keeps results small.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Error {
    pub kind: Kind,
    pub message: String,
    pub cause: Option<String>,
    /// The settings that the failure depends on, and the origin of each.
    pub settings: Option<Box<str>>,
    pub hint: Option<Box<str>>,
    /// The attribute of a Terraform configuration that is at fault.
    pub attribute: Option<Box<str>>,
    /// The wait that the issuer asked for, in seconds.
    #[serde(default)]
    pub retry_after: Option<NonZeroU32>,
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        let message = message.into();
        Error {
            kind,
            message,
            cause: None,
            settings: None,
            hint: None,
            attribute: None,
            retry_after: None,
        }
    }

    /// Sets the cause to an error and its chain of sources, joined by colons.
    pub fn with_source(mut self, source: impl Into<anyhow::Error>) -> Self {
        self.cause = Some(format!("{:#}", source.into()));
        self
    }

    pub fn with_cause(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    pub fn with_attribute(mut self, attribute: impl Into<Box<str>>) -> Self {
        self.attribute = Some(attribute.into());
        self
    }

    pub fn with_hint(mut self, hint: impl Into<Box<str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Names the directory of `file` if it is what is missing.
    pub fn with_directory_hint(self, file: &Path) -> Self {
        match file.parent() {
            Some(dir) if !dir.as_os_str().is_empty() && !dir.exists() => {
                self.with_hint(format!("create the directory {} first", dir.display()))
            }
            _ => self,
        }
    }

    /// Appends `gc-token doctor` to the hint, unless doctor cannot find the cause.
    pub fn with_doctor_hint(self) -> Self {
        if !self.kind.is_examined_by_doctor() {
            return self;
        }
        let hint = match &self.hint {
            Some(hint) => format!("{hint}; for a diagnosis: gc-token doctor"),
            None => "for a diagnosis: gc-token doctor".to_owned(),
        };
        self.with_hint(hint)
    }

    pub fn one_line(&self) -> String {
        match &self.cause {
            Some(cause) => format!("{}: {cause}", self.message),
            None => self.message.clone(),
        }
    }
}

impl fmt::Display for Error {
    /// Writes up to four lines, without a newline at the end, whatever the texts quote.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", line(&self.message))?;
        if let Some(cause) = &self.cause {
            write!(f, "\n  cause: {}", line(cause))?;
        }
        if let Some(settings) = &self.settings {
            write!(f, "\n  settings: {}", line(settings))?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {}", line(hint))?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn displays_message_cause_and_hint() {
        let error = Error::new(Kind::Configuration, "no client id")
            .with_source(anyhow::anyhow!("no such file").context("profile prod"))
            .with_hint("set GENESYSCLOUD_OAUTHCLIENT_ID");
        assert_eq!(
            error.to_string(),
            "error: no client id\n  cause: profile prod: no such file\n  hint: set GENESYSCLOUD_OAUTHCLIENT_ID"
        );
        assert_eq!(error.kind.exit_code(), 3);
    }

    #[test]
    fn a_used_address_is_the_settings_fault_and_a_lack_of_files_the_systems() {
        let kind = |errno: rustix::io::Errno| Kind::of_listen_error(&errno.into());
        assert_eq!(kind(rustix::io::Errno::ADDRINUSE), Kind::Configuration);
        assert_eq!(kind(rustix::io::Errno::MFILE), Kind::System);
    }

    #[test]
    fn the_hint_names_doctor_where_doctor_can_help() {
        let hint = |kind| Error::new(kind, "x").with_hint("do this").with_doctor_hint().hint;
        let doctor = "do this; for a diagnosis: gc-token doctor";
        assert_eq!(hint(Kind::Unavailable).as_deref(), Some(doctor));
        for kind in [Kind::Usage, Kind::Output, Kind::System, Kind::CommandNotFound] {
            assert_eq!(hint(kind).as_deref(), Some("do this"));
        }
        let alone = Error::new(Kind::Cache, "x").with_doctor_hint();
        assert_eq!(alone.hint.as_deref(), Some("for a diagnosis: gc-token doctor"));
    }
}
