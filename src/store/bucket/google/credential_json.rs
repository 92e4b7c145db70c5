//! Credentials in JSON, as Google's programs write them.

use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;
use zeroize::Zeroizing;

use crate::context::Context;
use crate::platform::OpenedFile;
use crate::store::bucket::credential_file::{self, MAX_BYTES};
use crate::store::bucket::settings_error::SettingsError;
use crate::text;
use crate::text::shown;

pub(in super::super) enum CredentialPlace {
    Inline(String),
    File(PathBuf),
}

/// `Display` is a phrase with an article.
pub(super) enum CredentialKind {
    ServiceAccount,
    AuthorizedUser,
    /// Workload identity federation.
    ExternalAccount,
    Other(String),
}

impl CredentialPlace {
    /// # Errors
    /// If a file cannot be read, or every user could change it.
    pub(super) fn read(
        &self,
        origin: &str,
        context: &Context,
    ) -> Result<Zeroizing<String>, SettingsError> {
        match self {
            CredentialPlace::Inline(json) => Ok(json.clone().into()),
            CredentialPlace::File(path) => credential_file::read(origin, path, context),
        }
    }

    /// Names the setting, and the file if there is one.
    pub(super) fn named(&self, origin: &str) -> String {
        match self {
            CredentialPlace::Inline(_) => origin.to_owned(),
            CredentialPlace::File(path) => {
                format!("{origin}: {}", shown::missing_file(&path.to_string_lossy()))
            }
        }
    }

    /// Names the kind of credentials, for a report.
    pub(super) fn kind(&self) -> String {
        let json = match self {
            CredentialPlace::Inline(json) => Some(json.clone().into()),
            CredentialPlace::File(path) => read_quietly(path),
        };
        let kind = json.and_then(|json: Zeroizing<String>| CredentialKind::of(&json));
        kind.map_or_else(|| "credentials".to_owned(), |kind| kind.to_string())
    }
}

impl CredentialKind {
    /// Returns `None` for what is no JSON with credentials.
    pub(super) fn of(json: &str) -> Option<CredentialKind> {
        let json: Value = serde_json::from_str(json).ok()?;
        match json.get("type").and_then(Value::as_str) {
            Some("service_account") => Some(CredentialKind::ServiceAccount),
            Some("authorized_user") => Some(CredentialKind::AuthorizedUser),
            Some("external_account") => Some(CredentialKind::ExternalAccount),
            Some(other) => Some(CredentialKind::Other(shown::plain(other))),
            None if json.get("private_key").is_some() => Some(CredentialKind::ServiceAccount),
            None => None,
        }
    }
}

fn read_quietly(path: &Path) -> Option<Zeroizing<String>> {
    let bytes = OpenedFile::open_regular(path).ok()?.read(MAX_BYTES).ok()?;
    text::utf8(&bytes).ok().map(|json| json.to_owned().into())
}

impl fmt::Display for CredentialKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CredentialKind::ServiceAccount => "a service account",
            CredentialKind::AuthorizedUser => "the login of a user",
            CredentialKind::ExternalAccount => "workload identity federation",
            CredentialKind::Other(_) => "credentials",
        })
    }
}
