//! Looking names up.
//!
//! `localhost` and all names below it are this machine (RFC 6761 section 6.3), and
//! so may be spoken to in clear. A resolver may know better: one that asks the
//! network sends a secret there.

use std::future::{Ready, ready};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::task::{Context, Poll};
use std::vec::IntoIter;

use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

use crate::host::is_localhost;

/// Returns the addresses of a host. Their port has no meaning.
///
/// # Errors
/// When there is none.
pub(super) async fn resolve(host: &str) -> io::Result<Vec<SocketAddr>> {
    if is_localhost(host) {
        let own = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        return Ok(own.map(|ip| SocketAddr::new(ip, 0)).to_vec());
    }
    let found: Vec<_> = tokio::net::lookup_host((host, 0)).await?.collect();
    if found.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    }
    Ok(found)
}

/// The result of a look-up, in the form that the TCP connector takes.
#[derive(Clone)]
pub(super) struct Addresses(pub(super) Vec<SocketAddr>);

impl Service<Name> for Addresses {
    type Response = IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Ready<io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Name) -> Self::Future {
        ready(Ok(self.0.clone().into_iter()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn names_of_this_machine_lead_nowhere_else() {
        for name in ["localhost", "issuer.localhost", "a.b.LocalHost.", "localhost."] {
            let found: Vec<_> =
                resolve(name).await.unwrap().into_iter().map(|address| address.ip()).collect();
            let own = ["127.0.0.1", "::1"].map(|ip| ip.parse::<std::net::IpAddr>().unwrap());
            assert_eq!(found, own, "{name}");
        }
        assert_eq!(resolve("127.0.0.9").await.unwrap(), ["127.0.0.9:0".parse().unwrap()]);
    }
}
