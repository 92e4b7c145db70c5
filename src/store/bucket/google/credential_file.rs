//! Credentials in JSON, as Google's programs write them.

use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;
use zeroize::Zeroizing;

use crate::context::Context;
use crate::platform::OpenedFile;
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

const MAX_BYTES: u64 = 1 << 20;

impl CredentialPlace {
    /// Warns of users who could change a file.
    ///
    /// # Errors
    /// If a file cannot be read, or every user could change it.
    pub(super) fn read(
        &self,
        origin: &str,
        context: &Context,
    ) -> Result<Zeroizing<String>, SettingsError> {
        let path = match self {
            CredentialPlace::Inline(json) => return Ok(json.clone().into()),
            CredentialPlace::File(path) => path,
        };
        let unreadable = |why: String| {
            let name = shown::missing_file(&path.to_string_lossy());
            let hint = format!("{origin} takes the name of a file with credentials");
            SettingsError::new(format!("{origin}: {name} cannot be read: {why}"), hint)
        };
        let opened = OpenedFile::open(path).map_err(|error| unreadable(error.to_string()))?;
        if let Some(risk) = opened.tamper_risk() {
            if risk.is_from_every_user() {
                let cause = format!(
                    "{origin}: {} is not trusted, because every user could change it: {risk}",
                    path.display()
                );
                return Err(SettingsError::new(cause, risk.remedy(path)));
            }
            let name = format!("{origin}: {}", path.display());
            context.reporter.warn_once(risk.warning(name, path));
        }
        let bytes = opened.read(MAX_BYTES).map_err(|error| unreadable(error.to_string()))?;
        let json = text::utf8(&bytes).map_err(|bad| unreadable(format!("it {bad}")))?;
        Ok(json.to_owned().into())
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
