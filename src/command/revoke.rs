//! `revoke`: revokes the cached tokens at the API, and evicts them.

use super::{load_layers, resolve_settings};
use crate::broker::{self, CachedRevocation};
use crate::cache;
use crate::config::{self, Flags, Query, Settings, table};
use crate::context::{Context, StandardStreams};
use crate::error::{Error, Kind, Result};
use crate::text::counted;

pub(super) fn run(flags: Flags, context: &Context, streams: &mut StandardStreams) -> Result<()> {
    let layers = load_layers(flags, Query::default(), context)?;
    let settings = resolve_settings(&layers, context, &mut streams.stdin)?;
    if settings.store.is_none() && !layers.bool(&table::NO_STORE)? {
        refuse_shared(&settings)?;
    }
    let CachedRevocation { revoked, mut failures } = {
        let pool = config::resolve_pool(&layers)?.tokens;
        broker::revoke_cached(&settings, pool, context)?
    };
    let summary = match revoked {
        0 if settings.store.is_none() && layers.bool(&table::NO_CACHE)? => {
            let given = layers.find(&table::NO_CACHE).expect("it was found above");
            format!("no token is cached: caching is off, from {}", given.origin)
        }
        0 if settings.store.is_some() => "no token is cached, and none is in the store".to_owned(),
        0 => "no token is cached".to_owned(),
        count => format!("revoked {}", counted(count, "token")),
    };
    let Some(last) = failures.pop() else {
        return streams.print(format!("{summary}\n").as_bytes());
    };
    if revoked > 0 {
        context.reporter.line(summary);
    }
    failures.iter().for_each(|error| context.reporter.error(error));
    Err(last.with_doctor_hint())
}

/// A step that has forgotten the store would revoke the token of all machines, and leave it there.
fn refuse_shared(settings: &Settings) -> Result<()> {
    if !cache::holds_shared_token(settings)? {
        return Ok(());
    }
    let message = "the cached token is shared with other machines, and no store is set";
    Err(Error::new(Kind::Configuration, message).with_hint(
        "set GC_TOKEN_STORE as for the other commands, so that the token is taken out of the store, \
         too; --no-store revokes it all the same",
    ))
}
