//! `doctor`: reports whether a pipeline would succeed here.

use crate::config::{Flags, Layers, Query, table};
use crate::context::{Context, StandardStreams};
use crate::doctor;
use crate::error::Result;
use crate::sanitize;

pub(super) fn run(flags: Flags, context: &Context, streams: &mut StandardStreams) -> Result<()> {
    let mut layers = Layers::new(flags, Query::default(), &context.env);
    context.reporter.set_verbosity(layers.verbosity()?);
    let as_json = layers.bool(&table::JSON)?;
    let report = doctor::examine(&mut layers, context, &mut streams.stdin);
    let text =
        if as_json { format!("{}\n", sanitize::json(&report.to_json())) } else { report.to_text() };
    streams.print(text.as_bytes())?;
    report.first_failure().map_or(Ok(()), Err)
}
