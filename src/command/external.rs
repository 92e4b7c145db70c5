//! `external`: the program behind Terraform's external data source.

use super::{layers, print, token};
use crate::error::Result;
use crate::output::{HandOut, terraform};
use crate::settings::{Flags, Query};
use crate::world::World;

pub(super) fn run(flags: Flags, world: &mut World) -> Result<()> {
    let query = match world.stdin_is_terminal {
        // Tried by hand: Terraform never gives its programs a terminal.
        true => Query::default(),
        false => Query::read(&mut *world.take_stdin().expect("nobody took it before"))?,
    };
    let layers = layers(flags, query, world)?;
    let (settings, given) = token(&layers, world)?;
    let hand_out = HandOut { token: &given.token, issuer: &settings.issuer };
    print(world, &terraform::result(&hand_out)?)
}
