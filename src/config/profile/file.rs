//! Finds and reads the files of profiles.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use toml::Table;

use super::{OURS, ProfileFormat, VENDOR};
use crate::context::Context;
use crate::error::{Error, Kind};
use crate::platform::{OpenedFile, TamperRisk};
use crate::text;

pub(super) struct Content {
    pub(super) table: Table,
    pub(super) is_readable_by_others: bool,
    pub(super) risk: Option<TamperRisk>,
}

pub(super) enum ProfileError {
    Unreadable(Error),
    Invalid(Error),
}

impl ProfileError {
    pub(super) fn into_error(self) -> Error {
        let (ProfileError::Unreadable(error) | ProfileError::Invalid(error)) = self;
        error
    }
}

const MAX_BYTES: u64 = 1 << 20;

pub(super) fn all(context: &Context) -> Vec<(PathBuf, &'static ProfileFormat)> {
    let ours = context.directories.config.as_ref().map(|dir| (dir.join("config.toml"), &OURS));
    let vendor =
        context.directories.home.as_ref().map(|home| (home.join(".gc/config.toml"), &VENDOR));
    ours.into_iter().chain(vendor).collect()
}

/// Returns `None` if the file does not exist.
pub(super) fn read(file: &Path) -> Result<Option<Content>, ProfileError> {
    let opened = match OpenedFile::open_regular(file) {
        Ok(opened) => opened,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(ProfileError::Unreadable(unusable(file).with_source(error))),
    };
    let bytes = opened
        .read(MAX_BYTES)
        .map_err(|error| ProfileError::Unreadable(unusable(file).with_source(error)))?;
    let invalid = |error: Error| ProfileError::Invalid(error);
    let text = text::utf8(&bytes)
        .map_err(|bad| invalid(unusable(file).with_cause(format!("it {bad}"))))?;
    // The parser's own message quotes the line, which may hold a secret.
    let table = text.parse().map_err(|error: toml::de::Error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
        invalid(unusable(file).with_cause(format!("line {line}: {}", error.message())))
    })?;
    let is_readable_by_others = opened.mode_if_readable_by_others().is_some();
    Ok(Some(Content { table, is_readable_by_others, risk: opened.tamper_risk() }))
}

/// Covers paths below something that is not a directory (`HOME=/dev/null`).
fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

pub(super) fn unusable(file: &Path) -> Error {
    Error::new(Kind::Configuration, format!("cannot read the profiles in {}", file.display()))
}
