//! `completions`: a script that completes this command line.

use clap::CommandFactory;

use super::print;
use crate::cli::Cli;
use crate::error::Result;
use crate::world::World;

pub(super) fn run(shell: clap_complete::Shell, world: &mut World) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "gc-token", &mut script);
    print(world, &script)
}
