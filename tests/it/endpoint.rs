//! The token endpoint over real sockets on loopback.

mod attempts;
mod http2;
mod server;
mod setup;
mod trust;
