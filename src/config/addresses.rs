//! Addresses to listen on.

use std::net::SocketAddr;

use super::{Layers, Sourced, table};
use crate::error::Result;

pub fn socket_address(given: &Sourced) -> Result<SocketAddr> {
    given.value.parse().map_err(|_| {
        given
            .refused("is not an IP address and a port")
            .with_hint("such as 127.0.0.1:9000; port 0 picks a free port")
    })
}

/// # Errors
/// `Usage` or `Configuration` if it is no address, or the gateway's.
pub fn resolve_metrics_listen(layers: &Layers) -> Result<Option<SocketAddr>> {
    let Some(given) = layers.find(&table::METRICS_LISTEN) else {
        return Ok(None);
    };
    let listen = socket_address(&given)?;
    let gateway = layers.find(&table::LISTEN).and_then(|gateway| gateway.value.parse().ok());
    if listen.port() != 0 && gateway == Some(listen) {
        return Err(given
            .refused("is the address of --listen as well")
            .with_hint("the gateway and its metrics need a port each"));
    }
    Ok(Some(listen))
}
