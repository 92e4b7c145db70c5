//! `doctor`: would a pipeline succeed here, and if not, why?

use super::print;
use crate::doctor;
use crate::error::Result;
use crate::sanitize;
use crate::settings::{Flags, Layers, Query, names};
use crate::world::World;

pub(super) fn run(flags: Flags, world: &mut World) -> Result<()> {
    let mut layers = Layers::new(flags, Query::default(), &world.env);
    world.talk.set_verbosity(layers.verbosity()?);
    let as_json = layers.switch(&names::JSON)?;
    let report = doctor::examine(&mut layers, world);
    let text = match as_json {
        true => format!("{}\n", sanitize::json(&report.json())),
        false => report.table(),
    };
    print(world, text.as_bytes())?;
    report.failure().map_or(Ok(()), Err)
}
