//! `cache list --store` and `cache clear --store`: the tokens of one client in the store that
//! machines share.

use serde_json::{Value, json};

use super::super::{explained, load_layers, resolve_settings};
use super::report_removed;
use crate::broker::{self, NetworkRemote, Remote};
use crate::clock::Reading;
use crate::config::{self, Flags, Layers, Query, Settings, table};
use crate::context::{Context, StandardStreams};
use crate::duration::human;
use crate::error::{Error, Kind, Result};
use crate::sanitize;
use crate::store::{NumberedSlot, StoreError};
use crate::text::shown;
use crate::token::Token;

pub(super) fn list(
    location: Option<String>,
    flags: Flags,
    context: &Context,
    streams: &mut StandardStreams,
) -> Result<()> {
    let (layers, settings) = resolve(location, flags, context, streams)?;
    let as_json = layers.bool(&table::JSON)?;
    let text = with_slots(&layers, &settings, context, |slots| {
        let now = context.clock.read();
        let rows = slots.iter().map(|slot| StoredRow { slot, now: &now, client: &settings });
        let rows = rows.filter(StoredRow::tells_anything);
        Ok(if as_json {
            let rows: Vec<_> = rows.map(|row| row.to_json()).collect();
            format!("{}\n", sanitize::json(&rows))
        } else {
            rows.map(|row| row.to_text()).collect()
        })
    })?;
    if text.is_empty() {
        context.reporter.line("the store holds no token of this client");
    }
    streams.print(text.as_bytes())
}

pub(super) fn clear(
    location: Option<String>,
    flags: Flags,
    context: &Context,
    streams: &mut StandardStreams,
) -> Result<()> {
    let (layers, settings) = resolve(location, flags, context, streams)?;
    let removed = with_slots(&layers, &settings, context, |slots| {
        let mut removed = 0;
        for NumberedSlot { slot, reading, .. } in slots {
            let held_token = reading.token().is_some() || reading.is_unusable;
            removed += usize::from(slot.clear()? && held_token);
        }
        Ok(removed)
    })?;
    report_removed(removed, layers.bool(&table::JSON)?, streams)
}

fn resolve(
    location: Option<String>,
    mut flags: Flags,
    context: &Context,
    streams: &mut StandardStreams,
) -> Result<(Layers, Settings)> {
    flags.extend(location.map(|location| (table::STORE.flag, location)));
    let layers = load_layers(flags, Query::default(), context)?;
    let settings = resolve_settings(&layers, context, &mut streams.stdin)?;
    if settings.store.is_some() {
        return Ok((layers, settings));
    }
    let error = Error::new(Kind::Configuration, "there is no store to look into");
    Err(match layers.find(&table::NO_STORE) {
        Some(given) => error.with_cause(format!("{} turns it off", given.origin)),
        None => error.with_hint("set GC_TOKEN_STORE, or name one: --store LOCATION"),
    })
}

/// Runs `work` with the slots of the client that have a record.
fn with_slots<T>(
    layers: &Layers,
    settings: &Settings,
    context: &Context,
    work: impl FnOnce(&[NumberedSlot<'_>]) -> Result<T, StoreError>,
) -> Result<T> {
    let expected = config::resolve_pool(layers)?.tokens;
    let secret = NetworkRemote::new(settings, context).client_secret()?;
    let result = broker::with_store_client(settings, context, &secret, |client| {
        let result = client.occupied_slots(expected).and_then(|slots| work(&slots));
        result.map_err(|failure| client.settings.named_in(failure.error))
    });
    let result = result.expect("a store is set");
    result.map_err(|error| explained(error, layers, context))
}

struct StoredRow<'a> {
    slot: &'a NumberedSlot<'a>,
    now: &'a Reading,
    client: &'a Settings,
}

impl StoredRow<'_> {
    /// False for a record that was emptied.
    fn tells_anything(&self) -> bool {
        let reading = &self.slot.reading;
        let holds_token = reading.token().is_some() || reading.is_unusable;
        holds_token || reading.is_minting() || self.failure().is_some()
    }

    /// The failure of the last mint, which machines share.
    fn failure(&self) -> Option<&Error> {
        let record = self.slot.reading.view().record?;
        record.failure.as_ref().map(|failure| &failure.error)
    }

    fn to_text(&self) -> String {
        let state = match self.token() {
            _ if self.slot.reading.is_unusable => "unusable: altered, or of another version".into(),
            None => match self.failure() {
                Some(failure) => format!("no token: {}", sanitize::line(&failure.one_line())),
                None => "no token".to_owned(),
            },
            Some((_, None)) => "clocks disagree about its age".to_owned(),
            Some((_, Some(token))) => {
                let validity = &token.validity;
                let left = match validity.remaining(self.now).unwrap_or_default() {
                    left if left.is_positive() => format!("{} left", human(left)),
                    _ => "expired".to_owned(),
                };
                let age = self.now.boot_since(&validity.sent).unwrap_or_default();
                format!("{left}, minted {} ago", human(age))
            }
        };
        let slot = match self.slot.number {
            0 => String::new(),
            number => format!(", slot {number}"),
        };
        let turn = if self.slot.reading.is_minting() { ", a machine is minting" } else { "" };
        format!(
            "{state}{slot}{turn}\n  client {}\n  {}\n  {}, record {}\n",
            sanitize::line(&shown::plain(&self.client.client.id)),
            sanitize::line(&shown::url(&self.client.issuer.token_url)),
            sanitize::line(&self.location()),
            self.slot.slot.name(),
        )
    }

    fn to_json(&self) -> Value {
        let mut row = json!({
            "store": self.location(),
            "record": self.slot.slot.name().as_str(),
            "token_url": shown::url(&self.client.issuer.token_url),
            "client_id": shown::plain(&self.client.client.id),
            "scope": self.client.issuer.scope,
            "audience": self.client.issuer.audience,
            "slot": self.slot.number,
            "minting": self.slot.reading.is_minting(),
            "failure": self.failure().map(Error::one_line),
            "written_seconds_ago": self.slot.reading.view().age.map(|age| age.as_secs_f64()),
            "expires_at": null,
            "remaining_seconds": null,
            "minted_seconds_ago": null,
        });
        if self.slot.reading.is_unusable {
            row["unusable"] = "it was altered, or is of another version".into();
        }
        if let Some((shared, here)) = self.token() {
            row["expires_at"] = shared.validity.expires_at().to_string().into();
            if let Some(Token { validity, .. }) = here {
                let left = validity.remaining(self.now).ok();
                row["remaining_seconds"] = left.map(|left| left.as_secs_f64()).into();
                let age = self.now.boot_since(&validity.sent);
                row["minted_seconds_ago"] = age.map(|age| age.as_secs_f64()).into();
            }
        }
        row
    }

    /// Returns the token as it is in the store, and by this machine's clocks if these can tell
    /// its age.
    fn token(&self) -> Option<(&Token, Option<Token>)> {
        let shared = self.slot.reading.token()?;
        let here = shared.on_this_machine(self.slot.reading.store_clock(), self.now);
        Some((&shared.token, here))
    }

    fn location(&self) -> String {
        self.client.store.as_ref().map(ToString::to_string).unwrap_or_default()
    }
}
