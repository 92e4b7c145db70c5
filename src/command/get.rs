//! `get`: the token, for a person or a script.

use super::{load_layers, resolve_and_get_token};
use crate::config::{Flags, Query, table};
use crate::context::{Context, StandardStreams};
use crate::error::Result;
use crate::output::{TokenDetails, get};

#[derive(Clone, Copy)]
enum Format {
    Text,
    Json,
    Header,
}

const FORMATS: &[(&str, Format)] =
    &[("text", Format::Text), ("json", Format::Json), ("header", Format::Header)];

pub(super) fn run(flags: Flags, context: &Context, streams: &mut StandardStreams) -> Result<()> {
    let layers = load_layers(flags, Query::default(), context)?;
    let format = layers.choice_or_default(&table::FORMAT, FORMATS)?;
    let (settings, provided) = resolve_and_get_token(&layers, context, &mut streams.stdin)?;
    let details = TokenDetails { token: &provided.token, issuer: &settings.issuer };
    let bytes = match format {
        Format::Text => get::text(&details),
        Format::Json => {
            let remaining = provided.token.validity.remaining(&context.clock.read());
            get::json(&details, remaining.unwrap_or_default())?
        }
        Format::Header => get::header(&details)?,
    };
    streams.print(&bytes)
}
