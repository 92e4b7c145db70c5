//! `get`: the token, for a person or a script.

use super::{load_layers, resolve_and_get_token};
use crate::config::{Flags, Layers, Query, table};
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
    let format = output_format(&layers)?;
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

/// `--json` stands for `--format json`. A flag overrides a variable.
fn output_format(layers: &Layers) -> Result<Format> {
    let format = layers.choice_or_default(&table::FORMAT, FORMATS)?;
    if !layers.bool(&table::JSON)? {
        return Ok(format);
    }
    let json = layers.find(&table::JSON).expect("it was found above").origin;
    match layers.find(&table::FORMAT) {
        Some(given) if given.origin.is_flag() => Ok(format),
        Some(given) if !json.is_flag() && !matches!(format, Format::Json) => {
            let why = format!("contradicts {} {:?}", given.origin, given.value);
            Err(json.refused(&why).with_hint("unset one of them"))
        }
        _ => Ok(Format::Json),
    }
}
