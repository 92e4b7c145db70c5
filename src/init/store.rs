//! Writes `config.toml` and the file of a client secret, for this user alone.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

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

    /// Adds or replaces the profile. The file is replaced whole, so that no other process reads
    /// half of it; a symbolic link to it stays.
    pub(crate) fn write_profile(&self, profile: &str, lines: &ProfileLines) -> Result<()> {
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
        write_private(&target, edited.as_bytes()).map_err(failed)
    }

    /// # Errors
    /// If other users could exchange the file.
    pub(crate) fn write_secret(&self, profile: &str, secret: &SecretString) -> Result<()> {
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
        write_private(&file, line.as_bytes()).map_err(failed)
    }

    /// Removes the secret that an earlier `init` has stored.
    pub(crate) fn remove_secret(&self, profile: &str) {
        let _ = std::fs::remove_file(self.secret_file(profile));
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

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let mut file = private_file_in(dir)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

fn unwritable(file: &Path, error: io::Error) -> Error {
    Error::new(Kind::Configuration, format!("cannot write {}", file.display()))
        .with_source(error)
        .with_hint("print variables instead: --print")
}
