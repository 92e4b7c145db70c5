//! `man`: the manual, in roff.

use super::print;
use crate::completion::shown;
use crate::error::{Error, Kind, Result};
use crate::world::World;

pub(super) fn run(verb: Option<&str>, world: &mut World) -> Result<()> {
    let mut command = shown();
    command.build();
    let page = match verb {
        None => command,
        Some(verb) => command
            .find_subcommand(verb)
            .ok_or_else(|| Error::new(Kind::Usage, format!("there is no verb {verb:?}")))?
            .clone(),
    };
    let mut roff = Vec::new();
    clap_mangen::Man::new(page).render(&mut roff).expect("a vector takes everything");
    print(world, &roff)
}
