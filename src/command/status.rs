//! `status`: what is cached, and whether it would be reused. No network.

mod json;
mod table;

use super::{layers, print, resolve};
use crate::cache::{self, Entry, Lookup};
use crate::clock::Reading;
use crate::config::{self, Flags, Layers, Query, Settings};
use crate::context::{Context, StandardStreams};
use crate::error::{Error, Result};
use crate::sanitize;

pub(super) fn run(flags: Flags, context: &Context, streams: &mut StandardStreams) -> Result<()> {
    let layers = layers(flags, Query::default(), context)?;
    let settings = resolve(&layers, context, &mut streams.stdin)?;
    let now = context.clock.read();
    let entry = Entry::of(&settings);
    let lookup = entry.as_ref().map_or(Ok(Lookup::Absent), Entry::read)?;
    let file = entry.as_ref().map(|entry| entry.file().display().to_string());
    let trouble = trouble(&settings, entry.as_ref());
    let report = Report {
        layers: &layers,
        settings: &settings,
        lookup: &lookup,
        file: file.as_deref().filter(|_| trouble.is_none()),
        trouble: trouble.as_ref(),
        now: &now,
    };
    let text = match layers.bool(&config::table::JSON)? {
        true => format!("{}\n", sanitize::json(&report.json())),
        false => report.table(),
    };
    print(streams, text.as_bytes())
}

/// Why nothing can be kept, where nobody named the directory.
fn trouble(settings: &Settings, entry: Option<&Entry<'_>>) -> Option<Error> {
    let Some(entry) = entry else {
        return settings.cache.missing_directory();
    };
    let was_seen = || entry.disabled_by().cloned();
    let would_be_seen = || cache::check(settings.cache.dir.as_deref()?, false).err();
    was_seen().or_else(|| would_be_seen().filter(|_| !settings.cache.was_named))
}

struct Report<'a> {
    layers: &'a Layers,
    settings: &'a Settings,
    lookup: &'a Lookup,
    file: Option<&'a str>,
    trouble: Option<&'a Error>,
    now: &'a Reading,
}
