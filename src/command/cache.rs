//! `cache`: lists and removes cached tokens.

mod stored;

use std::path::Path;

use jiff::SignedDuration;
use serde_json::json;

use super::load_layers;
use crate::broker::messages;
use crate::cache::{self, EntrySummary};
use crate::cli::{CacheCommand, CacheStoreArgs};
use crate::clock::Reading;
use crate::config::{self, Flags, Query, table};
use crate::context::{Context, StandardStreams};
use crate::duration::human;
use crate::error::Result;
use crate::sanitize;
use crate::text::counted;
use crate::text::shown;

pub(super) fn run(
    command: CacheCommand,
    flags: Flags,
    context: &Context,
    streams: &mut StandardStreams,
) -> Result<()> {
    match command {
        CacheCommand::List(CacheStoreArgs { store: Some(location), settings }) => {
            return stored::list(location, settings.flags, context, streams);
        }
        CacheCommand::Clear(CacheStoreArgs { store: Some(location), settings }) => {
            return stored::clear(location, settings.flags, context, streams);
        }
        _ => {}
    }
    let layers = load_layers(flags, Query::default(), context)?;
    let settings = config::resolve_cache(&layers, context)?;
    let Some(dir) = settings.dir.as_deref() else {
        return settings.missing_directory().map_or_else(|| streams.print(b""), Err);
    };
    if let Err(error) = cache::check(dir, settings.was_named)
        && !settings.was_named
    {
        context.reporter.warn(messages::not_cached(&error));
    }
    let (timeout, as_json) = (settings.lock_timeout, layers.bool(&table::JSON)?);
    match command {
        CacheCommand::Path => streams.print(format!("{}\n", dir.display()).as_bytes()),
        CacheCommand::List(_) => list(dir, as_json, context, streams),
        CacheCommand::Clear(_) => {
            report_removed(cache::clear(dir, timeout, &*context.clock)?, as_json, streams)
        }
        CacheCommand::Prune => {
            report_removed(cache::prune(dir, timeout, &*context.clock)?, as_json, streams)
        }
    }
}

fn report_removed(count: usize, as_json: bool, streams: &mut StandardStreams) -> Result<()> {
    let text = if as_json {
        format!("{}\n", json!({ "removed": count }))
    } else {
        format!("removed {}\n", counted(count, "token"))
    };
    streams.print(text.as_bytes())
}

fn list(dir: &Path, as_json: bool, context: &Context, streams: &mut StandardStreams) -> Result<()> {
    let now = context.clock.read();
    let entries = cache::list(dir)?;
    let text = if as_json {
        let rows: Vec<_> = entries.iter().map(|entry| row_json(entry, &now)).collect();
        format!("{}\n", sanitize::json(&rows))
    } else {
        entries.iter().map(|entry| table_row(entry, &now)).collect()
    };
    if text.is_empty() {
        context.reporter.line("no token is cached");
    }
    streams.print(text.as_bytes())
}

/// The header of an entry is not authenticated: anyone who can write the file may have
/// invented it.
fn table_row(entry: &EntrySummary, now: &Reading) -> String {
    let file = entry.file.display().to_string();
    let file = sanitize::line(&file);
    match &entry.header {
        Ok(header) => {
            let left = match remaining(entry, now) {
                Some(left) if left.is_positive() => format!("{} left", human(left)),
                Some(_) => "expired".to_owned(),
                None => "minted on another boot or machine".to_owned(),
            };
            let slot = match header.slot {
                0 => String::new(),
                slot => format!(", slot {slot}"),
            };
            format!(
                "{left}{slot}\n  client {}\n  {}\n  {file}\n",
                sanitize::line(&header.client_id),
                sanitize::line(&shown::url(&header.token_url)),
            )
        }
        Err(why) => format!("unreadable: {}\n  {file}\n", sanitize::line(why)),
    }
}

fn row_json(entry: &EntrySummary, now: &Reading) -> serde_json::Value {
    let file = entry.file.display().to_string();
    match &entry.header {
        Ok(header) => json!({
            "file": file,
            "token_url": shown::url(&header.token_url),
            "client_id": header.client_id,
            "scope": header.scope,
            "audience": header.audience,
            "slot": header.slot,
            "expires_at": header.validity.expires_at().to_string(),
            "remaining_seconds": remaining(entry, now).map(|left| left.as_secs_f64()),
        }),
        Err(why) => json!({ "file": file, "unreadable": why }),
    }
}

fn remaining(entry: &EntrySummary, now: &Reading) -> Option<SignedDuration> {
    entry.header.as_ref().ok()?.validity.remaining(now).ok()
}
