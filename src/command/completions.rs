//! `completions`: a script that completes this command line.

use super::print;
use crate::completion::{Shell, script};
use crate::error::Result;
use crate::world::World;

pub(super) fn run(shell: Shell, world: &mut World) -> Result<()> {
    print(world, script(shell, world).as_bytes())
}
