//! The hosts whose connections are intercepted.

use hyper::http::uri::Authority;

use crate::proxy::CloudHost;
use crate::region::Region;

/// The hosts of one region that take a bearer token or issue it.
#[derive(Debug, Clone)]
pub(super) struct InterceptedHosts {
    domain: &'static str,
    names: [String; HOSTS.len()],
}

const HOSTS: [CloudHost; 4] =
    [CloudHost::Login, CloudHost::Api, CloudHost::Apps, CloudHost::Downloads];

const HTTPS_PORT: u16 = 443;

impl InterceptedHosts {
    pub(super) fn of(region: &Region) -> InterceptedHosts {
        let name = |host| match host {
            CloudHost::Login => format!("login.{}", region.domain),
            CloudHost::Api => format!("api.{}", region.domain),
            CloudHost::Apps => format!("apps.{}", region.domain),
            CloudHost::Downloads => format!("api-downloads.{}", region.domain),
        };
        InterceptedHosts { domain: region.domain, names: HOSTS.map(name) }
    }

    pub(super) fn domain(&self) -> &'static str {
        self.domain
    }

    pub(super) fn names(&self) -> &[String; HOSTS.len()] {
        &self.names
    }

    /// Finds the host of a connection; `None` for other hosts and ports.
    pub(super) fn find(&self, target: &Authority) -> Option<CloudHost> {
        let (_, host) = self.named().find(|(name, _)| host_matches(target, name))?;
        (target.port_u16() == Some(HTTPS_PORT)).then_some(host)
    }

    pub(super) fn matches(&self, authority: &Authority, host: CloudHost) -> bool {
        let port = authority.port_u16().unwrap_or(HTTPS_PORT);
        port == HTTPS_PORT
            && self.named().any(|(name, named)| named == host && host_matches(authority, name))
    }

    fn named(&self) -> impl Iterator<Item = (&String, CloudHost)> {
        self.names.iter().zip(HOSTS)
    }
}

fn host_matches(authority: &Authority, name: &str) -> bool {
    let host = authority.host();
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
    fn the_hosts_of_the_region_are_intercepted() {
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
    fn a_request_has_to_name_the_host_of_its_connection() {
        let matches = |text: &str| ireland().matches(&authority(text), CloudHost::Api);
        for right in ["api.mypurecloud.ie", "API.mypurecloud.ie:443", "api.mypurecloud.ie."] {
            assert!(matches(right), "{right}");
        }
        for wrong in [
            "login.mypurecloud.ie",
            "api.mypurecloud.ie:80",
            "api.mypurecloud.de",
            "evil.example",
            "127.0.0.1",
        ] {
            assert!(!matches(wrong), "{wrong}");
        }
    }
}
