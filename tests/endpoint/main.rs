//! The token endpoint over real sockets on loopback.

mod attempts;
mod http2;
#[path = "../common/port.rs"]
mod port;
mod server;
mod setup;
mod trust;
