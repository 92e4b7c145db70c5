//! The token endpoint over real sockets on loopback.

mod attempts;
mod server;
mod setup;
mod trust;
