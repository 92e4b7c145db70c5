//! A client secret that is stored in a file, where it may be replaced while a
//! run goes on.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use super::super::origin::Sourced;
use super::super::profile::{Profile, ProfileSecret};
use super::{LONGEST, checked};
use crate::context::Reporter;
use crate::error::{Error, Kind, Result};
use crate::platform::OpenedFile;
use crate::text::shown;

/// A secret as it was read last, and where it can be read again.
#[derive(Debug, Clone)]
pub struct StoredSecret {
    secret: SecretString,
    place: Place,
}

#[derive(Debug, Clone)]
enum Place {
    /// A file that holds nothing else.
    File(SecretFile),
    /// A profile.
    Profile(ProfileSecret),
    /// A pipe or the like, which was read to its end.
    Gone,
}

#[derive(Debug, Clone)]
struct SecretFile {
    path: PathBuf,
    origin: String,
}

/// Names a file of a secret in a message. Only whether the file exists is looked at.
pub(super) fn file(name: &str) -> String {
    match Path::new(name).exists() {
        true => format!("the file {}", shown::quoted(name)),
        false => shown::missing_file(name),
    }
}

impl StoredSecret {
    /// Reads the secret in the file that a setting names.
    pub(super) fn in_file(given: &Sourced, reporter: &Reporter) -> Result<StoredSecret> {
        let file = SecretFile { path: (&given.value).into(), origin: given.origin.to_string() };
        let opened = file.open()?;
        warn_of_others(&opened, given, reporter);
        let secret = file.read(&opened, reporter)?;
        let place = if opened.is_regular() { Place::File(file) } else { Place::Gone };
        Ok(StoredSecret { secret, place })
    }

    /// The secret in a profile; `None` where there is none.
    pub(super) fn in_profile(
        profile: &Profile,
        reporter: &Reporter,
    ) -> Result<Option<StoredSecret>> {
        let Some(secret) = profile.secret() else {
            return Ok(None);
        };
        let place = profile.secret_location();
        let secret = checked(secret.expose_secret().as_bytes(), &place.origin(), reporter)?;
        Ok(Some(StoredSecret { secret, place: Place::Profile(place) }))
    }

    /// The secret as it was read last.
    pub(super) fn secret(&self) -> &SecretString {
        &self.secret
    }

    /// Reads it again. Returns whether it has changed.
    pub(super) fn reread(&mut self, reporter: &Reporter) -> Result<bool> {
        let secret = match &self.place {
            Place::File(file) => file.read(&file.open_again()?, reporter)?,
            Place::Profile(place) => {
                let secret = place.read()?;
                checked(secret.expose_secret().as_bytes(), &place.origin(), reporter)?
            }
            Place::Gone => return Ok(false),
        };
        let has_changed = secret.expose_secret() != self.secret.expose_secret();
        self.secret = secret;
        Ok(has_changed)
    }
}

/// Other users who may read the file know the secret, and those who may write to it
/// can only do harm.
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

    /// Opens what was a regular file before. A pipe in its place would keep a mint, and
    /// all who wait for it, until somebody writes.
    fn open_again(&self) -> Result<OpenedFile> {
        OpenedFile::open_regular(&self.path).map_err(|error| self.unreadable(error))
    }

    fn read(&self, opened: &OpenedFile, reporter: &Reporter) -> Result<SecretString> {
        let secret = opened.read(LONGEST as u64).map_err(|error| self.unreadable(error))?;
        checked(
            &secret,
            &format!("{} ({})", file(&self.path.to_string_lossy()), self.origin),
            reporter,
        )
    }

    fn unreadable(&self, error: std::io::Error) -> Error {
        let path = self.path.to_string_lossy();
        let what = format!("cannot read the client secret from {}", file(&path));
        let hint = match error.kind() {
            std::io::ErrorKind::NotFound => {
                format!("{} takes the name of a file that holds the secret", self.origin)
            }
            _ => format!("see {}", self.origin),
        };
        Error::new(Kind::Configuration, what).with_source(error).with_hint(hint)
    }
}
