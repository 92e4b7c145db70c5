//! `status`: what is cached, and whether it would be reused. No network.

mod json;
mod table;

use super::{layers, print, resolve};
use crate::cache::{self, Lookup, Slot};
use crate::clock::Reading;
use crate::error::Result;
use crate::sanitize;
use crate::settings::{Flags, Layers, Query, Settings, names};
use crate::world::World;

pub(super) fn run(flags: Flags, world: &mut World) -> Result<()> {
    let layers = layers(flags, Query::default(), world)?;
    let settings = resolve(&layers, world)?;
    let now = world.clock.read();
    let (lookup, file) = match &settings.cache.dir {
        None => (Lookup::Absent, None),
        Some(dir) => {
            let slot = Slot::new(dir, &settings, cache::seal_of(&settings)?);
            (slot.read()?, Some(slot.file().display().to_string()))
        }
    };
    let (file, now) = (file.as_deref(), &now);
    let report = Report { layers: &layers, settings: &settings, lookup: &lookup, file, now };
    let text = match layers.switch(&names::JSON)? {
        true => format!("{}\n", sanitize::json(&report.json())),
        false => report.table(),
    };
    print(world, text.as_bytes())
}

struct Report<'a> {
    layers: &'a Layers,
    settings: &'a Settings,
    lookup: &'a Lookup,
    file: Option<&'a str>,
    now: &'a Reading,
}
