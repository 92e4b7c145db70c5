//! Looking names up.
//!
//! `localhost` and all names below it are this machine (RFC 6761 section 6.3), and
//! so may be spoken to in clear. A resolver may know better: one that asks the
//! network sends a secret there.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::vec::IntoIter;

use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

use crate::host::is_localhost;

/// Looks names up for both HTTP clients.
#[derive(Clone)]
pub(super) struct Resolver;

/// The addresses of a host. Their port is of no meaning.
pub(super) async fn addresses(host: &str) -> io::Result<IntoIter<SocketAddr>> {
    if is_localhost(host) {
        let own = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        return Ok(own.map(|ip| SocketAddr::new(ip, 0)).to_vec().into_iter());
    }
    let found: Vec<_> = tokio::net::lookup_host((host, 0)).await?.collect();
    Ok(found.into_iter())
}

impl Service<Name> for Resolver {
    type Response = IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(async move { addresses(name.as_str()).await })
    }
}

impl reqwest::dns::Resolve for Resolver {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        Box::pin(async move {
            let found = addresses(name.as_str()).await?;
            Ok(Box::new(found) as reqwest::dns::Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn names_of_this_machine_lead_nowhere_else() {
        for name in ["localhost", "issuer.localhost", "a.b.LocalHost.", "localhost."] {
            let found: Vec<_> = addresses(name).await.unwrap().map(|it| it.ip()).collect();
            let own = ["127.0.0.1", "::1"].map(|ip| ip.parse::<std::net::IpAddr>().unwrap());
            assert_eq!(found, own, "{name}");
        }
        let found: Vec<_> = addresses("127.0.0.9").await.unwrap().collect();
        assert_eq!(found, ["127.0.0.9:0".parse().unwrap()]);
    }
}
