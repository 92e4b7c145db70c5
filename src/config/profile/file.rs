//! The files that hold profiles: where they are, and what is in them.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use toml::Table;

use super::{OURS, ProfileFormat, VENDOR};
use crate::context::Context;
use crate::error::{Error, Kind};
use crate::platform::{OpenedFile, TamperRisk};
use crate::text;

/// The content of a file of profiles.
pub(super) struct Content {
    pub(super) table: Table,
    /// Whether other users may read the file.
    pub(super) readable: bool,
    /// The way in which another user could decide the content, if there is one.
    pub(super) risk: Option<TamperRisk>,
}

/// Why a file of profiles is of no use.
pub(super) enum ProfileError {
    /// The file is there, and this user cannot read it.
    Unreadable(Error),
    /// There is a mistake in the file.
    Mistake(Error),
}

impl ProfileError {
    pub(super) fn into_error(self) -> Error {
        let (ProfileError::Unreadable(error) | ProfileError::Mistake(error)) = self;
        error
    }
}

/// No file of settings comes near this.
const LONGEST: u64 = 1 << 20;

/// The files in which profiles are looked for, in this order.
pub(super) fn all(context: &Context) -> Vec<(PathBuf, &'static ProfileFormat)> {
    let ours = context.directories.config.as_ref().map(|dir| (dir.join("config.toml"), &OURS));
    let vendor =
        context.directories.home.as_ref().map(|home| (home.join(".gc/config.toml"), &VENDOR));
    ours.into_iter().chain(vendor).collect()
}

/// Reads a file of profiles; `None` where there is none.
pub(super) fn read(file: &Path) -> Result<Option<Content>, ProfileError> {
    let opened = match OpenedFile::open_regular(file) {
        Ok(opened) => opened,
        Err(error) if absent(&error) => return Ok(None),
        Err(error) => return Err(ProfileError::Unreadable(unusable(file).with_source(error))),
    };
    let bytes = opened
        .read(LONGEST)
        .map_err(|error| ProfileError::Unreadable(unusable(file).with_source(error)))?;
    let mistake = |error: Error| ProfileError::Mistake(error);
    let text = text::utf8(&bytes)
        .map_err(|bad| mistake(unusable(file).with_cause(format!("it {bad}"))))?;
    // The parser's own words quote the line, which may hold a secret.
    let table = text.parse().map_err(|error: toml::de::Error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
        mistake(unusable(file).with_cause(format!("line {line}: {}", error.message())))
    })?;
    let readable = opened.mode_if_readable_by_others().is_some();
    Ok(Some(Content { table, readable, risk: opened.tamper_risk() }))
}

/// Not there, or below something that is no directory (`HOME=/dev/null`).
fn absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

pub(super) fn unusable(file: &Path) -> Error {
    Error::new(Kind::Configuration, format!("cannot read the profiles in {}", file.display()))
}
