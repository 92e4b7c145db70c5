//! Ports of loopback.

use std::net::{Ipv4Addr, SocketAddr};

use rustix::net::{AddressFamily, SocketType, bind, getsockname, socket};

/// A port where nothing listens, nor will while this process runs: it is taken,
/// by a socket that never listens. One that was only free a moment ago could be
/// another test's by now.
pub(crate) fn dead_port() -> u16 {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let address = SocketAddr::try_from(getsockname(&socket).unwrap()).unwrap();
    std::mem::forget(socket);
    address.port()
}
