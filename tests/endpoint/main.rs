//! The token endpoint over real sockets on loopback.

mod attempts;
#[path = "../common/port.rs"]
mod port;
mod server;
mod setup;
mod trust;
