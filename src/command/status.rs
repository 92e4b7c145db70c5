//! `status`: shows the cached token and whether it would be reused. Uses no network.

mod json;
mod table;

use super::{load_layers, resolve_settings};
use crate::cache::{self, Entry, Lookup};
use crate::clock::Reading;
use crate::config::{self, Flags, Layers, Query, Settings};
use crate::context::{Context, StandardStreams};
use crate::error::{Error, Result};
use crate::sanitize;

pub(super) fn run(flags: Flags, context: &Context, streams: &mut StandardStreams) -> Result<()> {
    let layers = load_layers(flags, Query::default(), context)?;
    let settings = resolve_settings(&layers, context, &mut streams.stdin)?;
    let now = context.clock.read();
    let entry = Entry::of(&settings);
    let lookup = entry.as_ref().map_or(Ok(Lookup::Absent), Entry::read)?;
    let file = entry.as_ref().map(|entry| entry.file().display().to_string());
    let cache_error = cache_error(&settings, entry.as_ref());
    let slots = cache::occupied_slots(&settings).unwrap_or_default();
    let report = StatusReport {
        further_slots: slots.into_iter().filter(|slot| *slot != settings.cache.slot).collect(),
        layers: &layers,
        settings: &settings,
        lookup: &lookup,
        file: file.as_deref().filter(|_| cache_error.is_none()),
        cache_error: cache_error.as_ref(),
        now: &now,
    };
    let text = if layers.bool(&config::table::JSON)? {
        format!("{}\n", sanitize::json(&report.to_json()))
    } else {
        streams.screen(&context.env).wrap_values(&report.to_text(), table::LABEL_COLUMNS)
    };
    streams.print(text.as_bytes())
}

fn cache_error(settings: &Settings, entry: Option<&Entry<'_>>) -> Option<Error> {
    let Some(entry) = entry else {
        return settings.cache.missing_directory();
    };
    let observed = || entry.disabled_by().cloned();
    let expected = || cache::check(settings.cache.dir.as_deref()?, false).err();
    observed().or_else(|| expected().filter(|_| !settings.cache.was_named))
}

struct StatusReport<'a> {
    layers: &'a Layers,
    settings: &'a Settings,
    lookup: &'a Lookup,
    file: Option<&'a str>,
    cache_error: Option<&'a Error>,
    /// Those of a pool besides the one that is described.
    further_slots: Vec<u32>,
    now: &'a Reading,
}
