//! Writes `config.toml` and the file of a client secret, for this user alone.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use tempfile::NamedTempFile;

use super::document::{self, EditError, ProfileLines};
use crate::error::{Error, Kind, Result};
use crate::platform::{self, OpenedFile, close_dir_command, private_file_in};
use crate::text;

/// The user's directory for settings.
pub(crate) struct ProfileStore {
    dir: PathBuf,
}

const MAX_BYTES: u64 = 1 << 20;

impl ProfileStore {
    pub(crate) fn new(dir: &Path) -> ProfileStore {
        ProfileStore { dir: dir.to_owned() }
    }

    pub(crate) fn config_file(&self) -> PathBuf {
        self.dir.join("config.toml")
    }

    /// The place of a profile's client secret, apart from the settings, which people share.
    pub(crate) fn secret_file(&self, profile: &str) -> PathBuf {
        self.dir.join("secrets").join(profile)
    }

    /// Checks that a profile can be written. Returns whether there is one of that name.
    ///
    /// # Errors
    /// If another user has influence on the file, or it is not a file of profiles.
    pub(crate) fn check(&self, profile: &str) -> Result<bool> {
        if let Some(parent) = platform::foreign_parent(&self.config_file()) {
            let message = format!("{} is not written", self.config_file().display());
            return Err(Error::new(Kind::Configuration, message)
                .with_cause(parent.to_string())
                .with_hint("run it as that user, without sudo"));
        }
        let text = self.read()?;
        document::has_profile(&text, profile).map_err(|error| self.edit_error(error, profile))
    }

    /// Adds or replaces the profile, and its client secret if that is given. Files are replaced
    /// whole, so that no other process reads half of one; a symbolic link to the profiles stays.
    /// An earlier secret that no profile refers to is removed.
    pub(crate) fn write(
        &self,
        profile: &str,
        lines: &ProfileLines,
        secret: Option<&SecretString>,
    ) -> Result<()> {
        let file = self.config_file();
        let failed = |error| unwritable(&file, error);
        platform::create_dirs(&self.dir, false).map_err(failed)?;
        let target = file.canonicalize().unwrap_or_else(|_| file.clone());
        let parent = target.parent().unwrap_or(&self.dir);
        // Held until the end, for another `init`.
        let lock = File::open(parent).map_err(failed)?;
        lock.lock().map_err(failed)?;
        let text = self.read()?;
        let edited = document::with_profile(&text, profile, lines)
            .map_err(|error| self.edit_error(error, profile))?;
        // If the disk is full, the secret must not be replaced without its profile.
        let profiles = private_copy(&target, edited.as_bytes()).map_err(failed)?;
        if let Some(secret) = secret {
            self.write_secret(profile, secret)?;
        }
        profiles.persist(&target).map_err(|error| failed(error.error))?;
        if secret.is_none() && !names_secret_of(&edited, profile) {
            let _ = std::fs::remove_file(self.secret_file(profile));
        }
        Ok(())
    }

    /// # Errors
    /// If other users could exchange the file.
    fn write_secret(&self, profile: &str, secret: &SecretString) -> Result<()> {
        let file = self.secret_file(profile);
        let dir = file.parent().unwrap_or(&self.dir);
        let failed = |error| unwritable(&file, error);
        platform::create_dirs(dir, false).map_err(failed)?;
        for dir in [&self.dir, dir] {
            let metadata = std::fs::metadata(dir).map_err(failed)?;
            if let Some(flaw) = platform::dir_flaw(&metadata) {
                let message = format!("{} can be written to by other users", dir.display());
                return Err(Error::new(Kind::Configuration, message)
                    .with_cause(flaw.to_string())
                    .with_hint(close_dir_command(dir)));
            }
        }
        let line = zeroize::Zeroizing::new(format!("{}\n", secret.expose_secret()));
        let copy = private_copy(&file, line.as_bytes()).map_err(failed)?;
        copy.persist(&file).map(|_| ()).map_err(|error| failed(error.error))
    }

    /// Returns the whole file, or nothing if there is none.
    fn read(&self) -> Result<String> {
        let file = self.config_file();
        let unreadable = |error: io::Error| {
            let message = format!("cannot read the profiles in {}", file.display());
            Error::new(Kind::Configuration, message).with_source(error)
        };
        let opened = match OpenedFile::open_regular(&file) {
            Ok(opened) => opened,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !file.is_symlink() => {
                return Ok(String::new());
            }
            Err(error) => return Err(unreadable(error)),
        };
        if let Some(risk) = opened.tamper_risk() {
            let message = format!("{} could be changed by another user", file.display());
            return Err(Error::new(Kind::Configuration, message)
                .with_cause(risk.to_string())
                .with_hint(risk.remedy(&file)));
        }
        let bytes = opened.read(MAX_BYTES).map_err(unreadable)?;
        text::utf8(&bytes).map_err(|bad| unreadable(io::Error::other(format!("it {bad}"))))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn edit_error(&self, error: EditError, profile: &str) -> Error {
        let file = self.config_file();
        match error {
            EditError::Invalid(line, why) => {
                let message = format!("cannot read the profiles in {}", file.display());
                Error::new(Kind::Configuration, message).with_cause(format!("line {line}: {why}"))
            }
            EditError::OtherNotation => {
                let message = format!("cannot replace the profile in {}", file.display());
                Error::new(Kind::Configuration, message)
                    .with_cause(format!("it is not one table with the header [{profile}]"))
                    .with_hint("edit the file, or name another profile with --profile")
            }
        }
    }
}

/// Writes what is to replace the file at `path` into a temporary file beside it.
fn private_copy(path: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let mut file = private_file_in(dir)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Returns whether the text of `config.toml` contains the path of a profile's secret, however
/// the directory above it is written.
fn names_secret_of(text: &str, profile: &str) -> bool {
    let path = format!("secrets/{profile}");
    let is_part_of_name = |char: char| char.is_ascii_alphanumeric() || "-_".contains(char);
    text.match_indices(&path)
        .any(|(start, _)| !text[start + path.len()..].starts_with(is_part_of_name))
}

fn unwritable(file: &Path, error: io::Error) -> Error {
    Error::new(Kind::Configuration, format!("cannot write {}", file.display()))
        .with_source(error)
        .with_hint("print variables instead: --print")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_name_of_a_secret_counts() {
        for (text, expected) in [
            ("x = '~/.config/gc-token/secrets/prod'", true),
            ("x = ['cat', 'secrets/prod', 'y']", true),
            ("x = 'secrets/prod2'\ny = 'secrets/prod-old'", false),
            ("x = 'secrets/prod2'\ny = 'secrets/prod'", true),
            ("[prod]\nx = 'secret'", false),
        ] {
            assert_eq!(names_secret_of(text, "prod"), expected, "{text}");
        }
    }
}
