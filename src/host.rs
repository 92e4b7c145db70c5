//! Hosts that stand for this very machine.

use std::net::IpAddr;

use url::{Host, Url};

/// Returns whether a URL names this machine by an address or a name.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.to_canonical().is_loopback(),
        Some(Host::Domain(name)) => is_localhost(name),
        None => false,
    }
}

/// Returns whether a host, an address without brackets or a name, is this machine.
pub(crate) fn is_loopback_host(host: &str) -> bool {
    let address = host.parse::<IpAddr>();
    address.map_or_else(|_| is_localhost(host), |ip| ip.to_canonical().is_loopback())
}

/// Returns whether a host name is reserved for this machine (RFC 6761 section 6.3).
pub(crate) fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}
