//! What `--metrics-listen` serves beside a gateway or a command.

pub(crate) mod browser;
mod endpoints;
mod events;
mod examples;
mod lifecycle;
mod page;
mod prometheus;
mod rig;
