//! The hosts that are intercepted.

use hyper::http::uri::Authority;

use crate::proxy::CloudHost;
use crate::region::Region;

/// The hosts of one region.
#[derive(Debug, Clone)]
pub(super) struct InterceptedHosts {
    domain: &'static str,
    hosts: [String; HOSTS.len()],
}

/// The hosts that take a bearer token, and the one that gives it.
const HOSTS: [CloudHost; 4] =
    [CloudHost::Login, CloudHost::Api, CloudHost::Apps, CloudHost::Downloads];

/// The port of https. What speaks on another one is none of the cloud's API.
const PORT: u16 = 443;

impl InterceptedHosts {
    pub(super) fn of(region: &Region) -> InterceptedHosts {
        let name = |host| match host {
            CloudHost::Login => format!("login.{}", region.domain),
            CloudHost::Api => format!("api.{}", region.domain),
            CloudHost::Apps => format!("apps.{}", region.domain),
            CloudHost::Downloads => format!("api-downloads.{}", region.domain),
        };
        InterceptedHosts { domain: region.domain, hosts: HOSTS.map(name) }
    }

    /// The domain that all of them stand below.
    pub(super) fn domain(&self) -> &'static str {
        self.domain
    }

    /// Their names.
    pub(super) fn hosts(&self) -> &[String; HOSTS.len()] {
        &self.hosts
    }

    /// Which of them a client wants to connect to; `None` for any other host,
    /// or port.
    pub(super) fn find(&self, wanted: &Authority) -> Option<CloudHost> {
        let (_, host) = self.named().find(|(name, _)| is(wanted, name))?;
        (wanted.port_u16() == Some(PORT)).then_some(host)
    }

    /// Whether this names `host`, in a request that came to it.
    pub(super) fn mean(&self, named: &Authority, host: CloudHost) -> bool {
        let port = named.port_u16().unwrap_or(PORT);
        port == PORT && self.named().any(|(name, it)| it == host && is(named, name))
    }

    fn named(&self) -> impl Iterator<Item = (&String, CloudHost)> {
        self.hosts.iter().zip(HOSTS)
    }
}

/// InterceptedHosts are equal in any case, and with the root's dot at their end.
fn is(named: &Authority, name: &str) -> bool {
    let host = named.host();
    host.strip_suffix('.').unwrap_or(host).eq_ignore_ascii_case(name)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn ireland() -> InterceptedHosts {
        InterceptedHosts::of(Region::find("eu-west-1").unwrap())
    }

    fn authority(text: &str) -> Authority {
        text.parse().unwrap()
    }

    #[test]
    fn hosts_of_the_domain_are_intercepted() {
        let find = |text: &str| ireland().find(&authority(text));
        assert_eq!(find("login.mypurecloud.ie:443"), Some(CloudHost::Login));
        assert_eq!(find("API.myPureCloud.ie:443"), Some(CloudHost::Api));
        assert_eq!(find("apps.mypurecloud.ie.:443"), Some(CloudHost::Apps));
        assert_eq!(find("api-downloads.mypurecloud.ie:443"), Some(CloudHost::Downloads));
        for other in [
            "api.mypurecloud.ie:8443",
            "api.mypurecloud.ie",
            "api.mypurecloud.ie..:443",
            "mypurecloud.ie:443",
            "streaming.mypurecloud.ie:443",
            "x.api.mypurecloud.ie:443",
            "api.mypurecloud.de:443",
            "api.mypurecloud.ie.example:443",
            "notapi.mypurecloud.ie:443",
            "127.0.0.1:443",
            "[::1]:443",
        ] {
            assert_eq!(find(other), None, "{other}");
        }
    }

    #[test]
    fn a_request_names_the_host_that_it_came_to() {
        let mean = |text: &str| ireland().mean(&authority(text), CloudHost::Api);
        for right in ["api.mypurecloud.ie", "API.mypurecloud.ie:443", "api.mypurecloud.ie."] {
            assert!(mean(right), "{right}");
        }
        for wrong in [
            "login.mypurecloud.ie",
            "api.mypurecloud.ie:80",
            "api.mypurecloud.de",
            "evil.example",
            "127.0.0.1",
        ] {
            assert!(!mean(wrong), "{wrong}");
        }
    }
}
