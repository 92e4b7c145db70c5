//! `completions`: a script that completes this command line.

use super::print;
use crate::completion::{Shell, script};
use crate::context::Context;
use crate::error::Result;

pub(super) fn run(shell: Shell, context: &mut Context) -> Result<()> {
    print(context, script(shell, context).as_bytes())
}
