//! `doctor`: reports whether a pipeline would succeed here.

use std::path::Path;

use super::path_from_flag;
use super::replaced_file::replace_file;
use crate::cli::DoctorArgs;
use crate::config::{Layers, Query, table};
use crate::context::{Context, StandardStreams, Verbosity};
use crate::doctor::{self, DoctorReport};
use crate::error::{Error, Kind, Result};
use crate::sanitize;

/// Returns the exit code: a text report tells the failure itself.
pub(super) fn run(
    args: DoctorArgs,
    context: &Context,
    streams: &mut StandardStreams,
) -> Result<u8> {
    let mut layers = Layers::new(args.settings.flags, Query::default(), &context.env);
    context.reporter.set_verbosity(layers.verbosity()?);
    let as_json = layers.bool(&table::JSON)?;
    let page = args.html.map(|file| path_from_flag("html", &file, context)).transpose()?;
    let report = doctor::examine(&mut layers, context, &mut streams.stdin);
    if as_json {
        streams.print(format!("{}\n", sanitize::json(&report.to_json())).as_bytes())?;
    } else {
        let shows_all = context.reporter.is_enabled(Verbosity::Info);
        let screen = streams.screen(&context.env);
        streams.print(report.to_text(shows_all, screen).as_bytes())?;
    }
    if let Some(file) = &page {
        write_page(file, &report)?;
        context.reporter.info(format_args!("wrote {}", file.display()));
    }
    match report.first_failure() {
        Some(failure) if as_json => Err(failure),
        _ => Ok(report.exit_code()),
    }
}

/// Only the user may read the page: it names hosts, files and the client.
fn write_page(file: &Path, report: &DoctorReport) -> Result<()> {
    let create = |dir: &Path| tempfile::Builder::new().prefix(".gc-token-").tempfile_in(dir);
    replace_file(file, report.to_html().as_bytes(), create).map_err(|error| {
        let message = format!("--html: cannot write {}", file.display());
        Error::new(Kind::Output, message).with_source(error).with_directory_hint(file)
    })
}
