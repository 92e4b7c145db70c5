//! `revoke`: revokes the cached tokens at the API, and evicts them.

use super::{load_layers, resolve_settings};
use crate::broker::{self, CachedRevocation};
use crate::config::{self, Flags, Query, table};
use crate::context::{Context, StandardStreams};
use crate::error::Result;
use crate::text::counted;

pub(super) fn run(flags: Flags, context: &Context, streams: &mut StandardStreams) -> Result<()> {
    let layers = load_layers(flags, Query::default(), context)?;
    let settings = resolve_settings(&layers, context, &mut streams.stdin)?;
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
