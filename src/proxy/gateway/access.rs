//! Which requests are let in.

use std::net::IpAddr;
use std::sync::Arc;

use hyper::header::HOST;
use hyper::http::uri::{Authority, PathAndQuery};
use hyper::{HeaderMap, StatusCode, Uri};

use super::PathSecret;
use crate::random::{Sha256, sha256};

/// Checks the host that a request names, and the prefix of its path.
pub(super) struct AccessCheck {
    path_secret: Sha256,
    /// The beginning of references in answers to clients that know the prefix.
    mount: Arc<str>,
    names: Vec<String>,
}

/// Why a request is not let in.
type Refusal = (StatusCode, &'static str);

impl AccessCheck {
    pub(super) fn new(path_secret: &PathSecret, names: Vec<String>) -> AccessCheck {
        let mount = format!("/{}", path_secret.expose()).into();
        AccessCheck { path_secret: sha256(path_secret.expose().as_bytes()), mount, names }
    }

    /// The path behind the prefix, and what references in the answer begin with: the
    /// prefix. A request for which `is_known` holds, for it carries a token of this
    /// run, needs no prefix for a path of the API, and is not told it: clients take
    /// paths out of answers (`nextUri`, `selfUri`) and put them behind the gateway's host.
    pub(super) fn admit(
        &self,
        uri: &Uri,
        headers: &HeaderMap,
        is_known: impl FnOnce(&HeaderMap) -> bool,
    ) -> Result<(Uri, Arc<str>), Refusal> {
        if !self.is_called_rightly(uri, headers) {
            let why = "the Host header names neither this machine nor a name that was allowed";
            return Err((StatusCode::MISDIRECTED_REQUEST, why));
        }
        let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
        if let Some(behind) = self.behind_prefix(path) {
            return Ok((behind, self.mount.clone()));
        }
        if path.starts_with("/api/")
            && is_known(headers)
            && let Ok(whole) = path.parse()
        {
            return Ok((whole, Arc::default()));
        }
        let why = "the path does not begin with the gateway's prefix, nor does the request carry a \
                   token of this run";
        Err((StatusCode::FORBIDDEN, why))
    }

    /// A web page may be served from a name that its owner points at this
    /// machine (DNS rebinding). Then the browser sends that name.
    fn is_called_rightly(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let mut hosts = headers.get_all(HOST).iter();
        let named = hosts.next().and_then(|host| host.to_str().ok());
        let Some(named) = named.and_then(|host| host.parse::<Authority>().ok()) else {
            return false;
        };
        // RFC 9112 section 3.2.2: both are there, and the target counts.
        let target = uri.authority().is_none_or(|target| self.is_ours(target.host()));
        hosts.next().is_none() && target && self.is_ours(named.host())
    }

    fn is_ours(&self, host: &str) -> bool {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        bare.parse::<IpAddr>().is_ok()
            || host.eq_ignore_ascii_case("localhost")
            || self.names.iter().any(|name| name.eq_ignore_ascii_case(host))
    }

    /// Some versions of the provider put two slashes where one belongs.
    fn behind_prefix(&self, path: &str) -> Option<Uri> {
        let path = path.trim_start_matches('/');
        let end = path.find(['/', '?']).unwrap_or(path.len());
        if sha256(&path.as_bytes()[..end]) != self.path_secret {
            return None;
        }
        format!("/{}", path[end..].trim_start_matches('/')).parse().ok()
    }
}

/// Reads `bytes` as a request's target and, on further lines, its `Host` fields.
#[cfg(fuzzing)]
pub(crate) fn fuzz(bytes: &[u8]) {
    use hyper::header::HeaderValue;

    let mut lines = bytes.split(|it| *it == b'\n');
    let Ok(uri) = Uri::try_from(lines.next().unwrap_or_default()) else {
        return;
    };
    let mut headers = HeaderMap::new();
    for line in lines {
        if let Ok(host) = HeaderValue::from_bytes(line) {
            headers.append(HOST, host);
        }
    }
    let prefix = PathSecret::checked("prefix-of-this-run").expect("it is long enough");
    let access = AccessCheck::new(&prefix, vec!["gateway.internal".into()]);
    if let Ok((behind, _)) = access.admit(&uri, &headers, |_| false) {
        assert!(uri.path().contains("prefix-of-this-run"), "{uri} was let in");
        assert!(behind.authority().is_none() && behind.path().starts_with('/'), "{behind}");
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn admit(host: &str, uri: &str) -> Result<String, u16> {
        let prefix = PathSecret::checked("prefix-of-this-run").unwrap();
        let access = AccessCheck::new(&prefix, vec!["gateway.internal".into()]);
        let mut headers = HeaderMap::new();
        for host in host.split_terminator('|') {
            headers.append(HOST, HeaderValue::from_str(host).unwrap());
        }
        let admitted = access.admit(&uri.parse().unwrap(), &headers, |_| false);
        admitted.map(|(uri, _)| uri.to_string()).map_err(|(status, _)| status.as_u16())
    }

    #[test]
    fn the_prefix_opens_and_is_taken_away() {
        let path = |path: &str| admit("127.0.0.1:8080", path);
        assert_eq!(path("/prefix-of-this-run/api/v2/x?a=b"), Ok("/api/v2/x?a=b".into()));
        assert_eq!(path("//prefix-of-this-run//api/v2/x"), Ok("/api/v2/x".into()));
        assert_eq!(path("/prefix-of-this-run"), Ok("/".into()));
        assert_eq!(path("/prefix-of-this-run?x"), Ok("/?x".into()));
        for wrong in [
            "/",
            "/api/v2/x",
            "/prefix-of-this-ru/x",
            "/prefix-of-this-runs/x",
            "/x/prefix-of-this-run/",
        ] {
            assert_eq!(path(wrong), Err(403), "{wrong}");
        }
    }

    #[test]
    fn who_carries_a_token_needs_no_prefix_and_is_not_told_it() {
        let prefix = PathSecret::checked("prefix-of-this-run").unwrap();
        let access = AccessCheck::new(&prefix, Vec::new());
        let admit = |host: &'static str, path: &str| {
            let headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static(host))]);
            let admitted = access.admit(&path.parse().unwrap(), &headers, |_| true);
            admitted.map(|(uri, mount)| (uri.to_string(), mount.to_string()))
        };
        let own = |path: &str, mount: &str| Ok((path.to_owned(), mount.to_owned()));
        assert_eq!(admit("localhost", "/api/v2/x?a"), own("/api/v2/x?a", ""));
        assert_eq!(admit("localhost", "/prefix-of-this-run/x"), own("/x", "/prefix-of-this-run"));
        assert_eq!(admit("localhost", "/old-prefix-of-a-run/api/v2/x").unwrap_err().0, 403);
        // A page of a foreign name gets nothing, whatever it carries.
        assert_eq!(admit("evil.example", "/api/v2/x").unwrap_err().0, 421);
    }

    #[test]
    fn the_host_is_this_machine_or_a_name_that_was_allowed() {
        let host = |host: &str| admit(host, "/prefix-of-this-run/x");
        for right in [
            "127.0.0.1:1",
            "localhost",
            "LOCALHOST:9",
            "[::1]:80",
            "10.0.0.7:8080",
            "Gateway.Internal:1",
        ] {
            assert_eq!(host(right), Ok("/x".into()), "{right}");
        }
        for wrong in [
            "",
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost|evil.example",
            "localhost.evil.example",
        ] {
            assert_eq!(host(wrong), Err(421), "{wrong}");
        }
        let absolute = "http://evil.example/prefix-of-this-run/x";
        assert_eq!(admit("localhost", absolute), Err(421));
    }
}
