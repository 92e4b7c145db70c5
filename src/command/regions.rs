//! `regions`: prints the table of regions.

use crate::context::StandardStreams;
use crate::error::Result;
use crate::region::REGIONS;

pub(super) fn run(streams: &mut StandardStreams) -> Result<()> {
    streams.print(table().as_bytes())
}

pub(super) fn table() -> String {
    let mut text = table_row(["REGION", "SHORT", "DOMAIN", "PLACE"]);
    for region in REGIONS {
        text += &table_row([region.aws, region.short, region.domain, region.place()]);
    }
    text
}

fn table_row([aws, short, domain, place]: [&str; 4]) -> String {
    let row = format!("{aws:<16}{short:<8}{domain:<24}{place}");
    format!("{}\n", row.trim_end())
}
