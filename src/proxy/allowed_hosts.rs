//! Checks which host a request names: prevents DNS rebinding, where a browser sends the host
//! name of a web page, which may point to this machine.

use std::net::IpAddr;

use hyper::header::HOST;
use hyper::http::uri::Authority;
use hyper::{HeaderMap, StatusCode, Uri};

/// Host names that clients may use, besides `localhost` and IP addresses.
#[derive(Debug, Clone, Default)]
pub struct AllowedHosts(Vec<String>);

impl AllowedHosts {
    /// Takes names that are separated by commas.
    pub fn parse(names: &str) -> AllowedHosts {
        let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
        AllowedHosts(names.map(str::to_owned).collect())
    }

    /// # Errors
    /// The status and the message of the response.
    pub(crate) fn check(
        &self,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<(), (StatusCode, &'static str)> {
        if self.allows(uri, headers) {
            return Ok(());
        }
        let message = "the Host header names neither this machine nor a name that was allowed";
        Err((StatusCode::MISDIRECTED_REQUEST, message))
    }

    fn allows(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let mut hosts = headers.get_all(HOST).iter();
        let named = hosts.next().and_then(|host| host.to_str().ok());
        let Some(named) = named.and_then(|host| host.parse::<Authority>().ok()) else {
            return false;
        };
        // With an absolute target, both are present and the target counts (RFC 9112 section 3.2.2).
        let target = uri.authority().is_none_or(|target| self.is_own_name(target.host()));
        hosts.next().is_none() && target && self.is_own_name(named.host())
    }

    fn is_own_name(&self, host: &str) -> bool {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        bare.parse::<IpAddr>().is_ok()
            || host.eq_ignore_ascii_case("localhost")
            || self.0.iter().any(|name| name.eq_ignore_ascii_case(host))
    }
}
