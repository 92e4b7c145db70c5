//! `regions`: the table.

use super::print;
use crate::error::Result;
use crate::region::REGIONS;
use crate::world::World;

pub(super) fn run(world: &mut World) -> Result<()> {
    let mut text = format!("{:<16}{}\n", "REGION", "DOMAIN");
    for region in REGIONS {
        text += &format!("{:<16}{}\n", region.aws, region.domain);
    }
    print(world, text.as_bytes())
}
