//! The secret first segment of every path at the gateway, which makes its address a
//! capability URL: anyone who knows it may use the gateway.

use std::fmt;
use std::io::{ErrorKind, Write};
use std::path::Path;

use crate::error::{Error, Kind, Result};
use crate::platform::{OpenedFile, foreign_link, make_private_command, private_options};
use crate::random::random_id;
use crate::text;

#[derive(Clone, PartialEq, Eq)]
pub struct PathSecret(String);

/// A shorter secret could be guessed.
const MIN_LENGTH: usize = 16;

const MAX_FILE_SIZE: u64 = 64 << 10;

impl PathSecret {
    /// Makes a secret of 128 bits.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn random() -> Result<PathSecret> {
        random_id().map(PathSecret)
    }

    /// Reads the secret from a file, or creates the file with a new secret, for clients that
    /// need a lasting address.
    ///
    /// # Errors
    /// `Configuration` if the file can be neither read nor created, may have been written by
    /// another user, or holds no usable secret.
    pub fn load_or_create(file: &Path) -> Result<PathSecret> {
        let unusable = || {
            Error::new(Kind::Configuration, format!("--prefix-file: cannot use {}", file.display()))
        };
        let opened = match OpenedFile::open_regular(file) {
            Ok(opened) => opened,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if let Some(link) = foreign_link(file) {
                    return Err(unusable()
                        .with_cause(link.to_string())
                        .with_hint(link.remedy(file)));
                }
                let path_secret = PathSecret::random()?;
                let unwritable = |error| unusable().with_source(error).with_directory_hint(file);
                write(file, &path_secret).map_err(unwritable)?;
                return Ok(path_secret);
            }
            Err(error) => return Err(unusable().with_source(error)),
        };
        // Another user who chose the secret knows it.
        if let Some(risk) = opened.tamper_risk() {
            return Err(unusable()
                .with_cause(risk.to_string())
                .with_hint(risk.remedy_for_private_file(file)));
        }
        if let Some(mode) = opened.mode_if_readable_by_others() {
            return Err(unusable()
                .with_cause(format!("other users may read it: its mode is {mode:04o}"))
                .with_hint(make_private_command(file)));
        }
        let bytes = opened.read(MAX_FILE_SIZE).map_err(|error| unusable().with_source(error))?;
        let text = text::utf8(&bytes).unwrap_or_default();
        PathSecret::parse(text.trim().trim_matches('/')).ok_or_else(|| {
            unusable()
                .with_cause(format!(
                    "it has to hold {MIN_LENGTH} or more of A-Z, a-z, 0-9, - and _"
                ))
                .with_hint("remove it, and a new one is made")
        })
    }

    pub(super) fn parse(text: &str) -> Option<PathSecret> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (text.len() >= MIN_LENGTH && text.bytes().all(is_plain))
            .then(|| PathSecret(text.to_owned()))
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Creates a private file, and fails if it exists by now.
fn write(file: &Path, path_secret: &PathSecret) -> std::io::Result<()> {
    let mut file = private_options().write(true).create_new(true).open(file)?;
    writeln!(file, "{}", path_secret.expose())
}

impl fmt::Debug for PathSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PathSecret(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_keeps_the_secret_and_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("prefix");
        let first = PathSecret::load_or_create(&file).unwrap();
        assert_eq!(first.expose().len(), 22);
        assert_eq!(PathSecret::load_or_create(&file).unwrap(), first);
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_ne!(PathSecret::random().unwrap(), first);
        assert!(!format!("{first:?}").contains(first.expose()));
    }

    #[test]
    fn a_secret_that_is_short_or_needs_encoding_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("prefix");
        PathSecret::load_or_create(&file).unwrap();
        for text in
            ["", "short", "sixteen/letters/x", "with spaces in it here", "ünsafe-letters-16"]
        {
            std::fs::write(&file, text).unwrap();
            let error = PathSecret::load_or_create(&file).unwrap_err();
            assert_eq!(error.kind, Kind::Configuration, "{text}");
        }
        std::fs::write(&file, "/sixteen-letters_\n").unwrap();
        assert_eq!(PathSecret::load_or_create(&file).unwrap().expose(), "sixteen-letters_");
    }
}
