//! `completions`: a script that completes gc-token's command line.

use super::print;
use crate::completion::{CompletionShell, script};
use crate::context::{Context, StandardStreams};
use crate::error::Result;

pub(super) fn run(
    shell: CompletionShell,
    context: &Context,
    streams: &mut StandardStreams,
) -> Result<()> {
    print(streams, script(shell, context).as_bytes())
}
