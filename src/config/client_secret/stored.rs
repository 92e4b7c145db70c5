//! A client secret that is stored in a file, where it may be replaced while a
//! run goes on.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use super::super::origin::Sourced;
use super::super::profile::{Profile, ProfileSecret};
use super::{MAX_BYTES, SecretKind, checked};
use crate::context::Reporter;
use crate::error::{Error, Kind, Result};
use crate::platform::OpenedFile;
use crate::text::shown;

/// A secret as it was last read, and where it can be read again.
#[derive(Debug, Clone)]
pub struct StoredSecret {
    secret: SecretString,
    location: SecretLocation,
}

#[derive(Debug, Clone)]
enum SecretLocation {
    File(SecretFile),
    Profile(ProfileSecret),
    /// A pipe or similar, which cannot be read twice.
    ReadOnce,
}

#[derive(Debug, Clone)]
struct SecretFile {
    path: PathBuf,
    kind: SecretKind,
    origin: String,
}

/// Names a secret's file in a message. The file is not opened.
pub(super) fn file_shown(name: &str) -> String {
    if Path::new(name).exists() {
        format!("the file {}", shown::quoted(name))
    } else {
        shown::missing_file(name)
    }
}

impl StoredSecret {
    pub(in super::super) fn in_file(
        given: &Sourced,
        kind: SecretKind,
        reporter: &Reporter,
    ) -> Result<StoredSecret> {
        let origin = given.origin.to_string();
        let file = SecretFile { path: (&given.value).into(), kind, origin };
        let opened = file.open()?;
        warn_of_others(&opened, given, reporter);
        let secret = file.read(&opened, reporter)?;
        let location =
            if opened.is_regular() { SecretLocation::File(file) } else { SecretLocation::ReadOnce };
        Ok(StoredSecret { secret, location })
    }

    pub(super) fn in_profile(
        profile: &Profile,
        reporter: &Reporter,
    ) -> Result<Option<StoredSecret>> {
        let Some(secret) = profile.secret() else {
            return Ok(None);
        };
        let location = profile.secret_location();
        let origin = location.origin();
        let secret = secret.expose_secret().as_bytes();
        let secret = checked(secret, SecretKind::Client, &origin, reporter)?;
        Ok(Some(StoredSecret { secret, location: SecretLocation::Profile(location) }))
    }

    pub(in super::super) fn secret(&self) -> &SecretString {
        &self.secret
    }

    /// Returns whether the secret has changed.
    pub(super) fn reread(&mut self, reporter: &Reporter) -> Result<bool> {
        let secret = match &self.location {
            SecretLocation::File(file) => file.read(&file.open_again()?, reporter)?,
            SecretLocation::Profile(location) => {
                let secret = location.read()?;
                let secret = secret.expose_secret().as_bytes();
                checked(secret, SecretKind::Client, &location.origin(), reporter)?
            }
            SecretLocation::ReadOnce => return Ok(false),
        };
        let has_changed = secret.expose_secret() != self.secret.expose_secret();
        self.secret = secret;
        Ok(has_changed)
    }
}

/// Users who can read the file know the secret; those who can write to it can only cause
/// failures.
fn warn_of_others(opened: &OpenedFile, file: &Sourced, reporter: &Reporter) {
    let Sourced { value, origin } = file;
    if let Some(risk) = opened.tamper_risk() {
        reporter.warn(risk.warning(format_args!("{origin}: {value:?}"), Path::new(value)));
    } else if let Some(mode) = opened.mode_if_readable_by_others() {
        reporter.warn(format_args!(
            "{origin}: other users may read {value:?} (its mode is {mode:04o}): chmod 600 {value}"
        ));
    }
}

impl SecretFile {
    fn open(&self) -> Result<OpenedFile> {
        OpenedFile::open(&self.path).map_err(|error| self.unreadable(error))
    }

    /// Opens what was a regular file before. A pipe in its place would block the mint until
    /// somebody writes to it.
    fn open_again(&self) -> Result<OpenedFile> {
        OpenedFile::open_regular(&self.path).map_err(|error| self.unreadable(error))
    }

    fn read(&self, opened: &OpenedFile, reporter: &Reporter) -> Result<SecretString> {
        let secret = opened.read(MAX_BYTES as u64).map_err(|error| self.unreadable(error))?;
        let origin = format!("{} ({})", file_shown(&self.path.to_string_lossy()), self.origin);
        checked(&secret, self.kind, &origin, reporter)
    }

    fn unreadable(&self, error: std::io::Error) -> Error {
        let path = self.path.to_string_lossy();
        let message = self.kind.unreadable(&file_shown(&path));
        let hint = match error.kind() {
            std::io::ErrorKind::NotFound => {
                let content = self.kind.content();
                format!("{} takes the name of a file that holds {content}", self.origin)
            }
            _ => format!("see {}", self.origin),
        };
        Error::new(Kind::Configuration, message).with_source(error).with_hint(hint)
    }
}
