//! Finds and reads the files of profiles.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use toml::Table;
use toml::de::DeTable;

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
        let line = line_at(text, error.span().map_or(0, |span| span.start));
        invalid(unusable(file).with_cause(format!("line {line}: {}", error.message())))
    })?;
    let is_readable_by_others = opened.mode_if_readable_by_others().is_some();
    Ok(Some(Content { table, is_readable_by_others, risk: opened.tamper_risk() }))
}

/// Returns each place where the file is not TOML, with its line.
pub(super) fn syntax_errors(file: &Path) -> Vec<Error> {
    let Some(bytes) =
        OpenedFile::open_regular(file).ok().and_then(|file| file.read(MAX_BYTES).ok())
    else {
        return Vec::new();
    };
    let Ok(text) = text::utf8(&bytes) else {
        return Vec::new();
    };
    let (_, errors) = DeTable::parse_recoverable(text);
    let mut lines: Vec<_> = errors
        .iter()
        .map(|error| (line_at(text, error.span().map_or(0, |span| span.start)), error.message()))
        .collect();
    // A mistake is often followed by others that it causes in the same line.
    lines.dedup_by_key(|(line, _)| *line);
    let fault = |(line, why): (usize, &str)| {
        let message = format!("{}:{line}: the file is not TOML", file.display());
        Error::new(Kind::Configuration, message).with_cause(why)
    };
    lines.into_iter().map(fault).collect()
}

/// Returns the line of a profile's key.
pub(super) fn line_of(file: &Path, profile: &str, key: &str) -> Option<usize> {
    let bytes = OpenedFile::open_regular(file).ok()?.read(MAX_BYTES).ok()?;
    let text = text::utf8(&bytes).ok()?;
    let root = DeTable::parse(text).ok()?.into_inner();
    let table = root.get(profile)?.get_ref().as_table()?;
    let (key, _) = table.get_key_value(key)?;
    Some(line_at(text, key.span().start))
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// Covers paths below something that is not a directory (`HOME=/dev/null`).
fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

pub(super) fn unusable(file: &Path) -> Error {
    Error::new(Kind::Configuration, format!("cannot read the profiles in {}", file.display()))
}
