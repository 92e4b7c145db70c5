//! `config schema`: a JSON Schema of the file of profiles.

use crate::config;
use crate::context::StandardStreams;
use crate::error::Result;

pub(super) fn run(streams: &mut StandardStreams) -> Result<()> {
    streams.print(format!("{:#}\n", config::json_schema()).as_bytes())
}
