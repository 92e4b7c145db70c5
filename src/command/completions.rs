//! `completions`: a script that completes gc-token's command line.

use crate::cli::CompletionShell;
use crate::completion::script;
use crate::context::{Context, StandardStreams};
use crate::error::Result;

pub(super) fn run(
    shell: CompletionShell,
    context: &Context,
    streams: &mut StandardStreams,
) -> Result<()> {
    streams.print(script(shell, context).as_bytes())
}
