//! The token endpoint over real sockets on loopback.

mod attempts;
mod connections;
mod http2;
pub(crate) mod server;
pub(crate) mod setup;
pub(crate) mod trust;
