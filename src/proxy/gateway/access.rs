//! Authorizes requests to the gateway.

use std::sync::Arc;

use hyper::http::uri::PathAndQuery;
use hyper::{HeaderMap, StatusCode, Uri};

use super::path_secret::PathSecret;
use crate::proxy::AllowedHosts;
use crate::random::{Sha256, sha256};

pub(super) struct AccessCheck {
    /// Hashed, so that the time of a comparison tells nothing about the secret.
    path_secret: Sha256,
    /// `/` and the secret.
    mount: Arc<str>,
    allowed_hosts: AllowedHosts,
}

type AccessDenied = (StatusCode, &'static str);

impl AccessCheck {
    pub(super) fn new(path_secret: &PathSecret, allowed_hosts: AllowedHosts) -> AccessCheck {
        let mount = format!("/{}", path_secret.expose()).into();
        AccessCheck { path_secret: sha256(path_secret.expose().as_bytes()), mount, allowed_hosts }
    }

    /// Returns the path behind the secret, and the mount that references in the response begin
    /// with. A request with a known token needs no secret for a path of the API, and is not
    /// told it: clients append paths from responses (`nextUri`, `selfUri`) to the gateway's
    /// host.
    pub(super) fn check(
        &self,
        uri: &Uri,
        headers: &HeaderMap,
        has_known_token: impl FnOnce(&HeaderMap) -> bool,
    ) -> Result<(Uri, Arc<str>), AccessDenied> {
        self.allowed_hosts.check(uri, headers)?;
        let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
        if let Some(behind) = self.strip_secret(path) {
            return Ok((behind, self.mount.clone()));
        }
        let path = single_slash(path);
        if path.starts_with("/api/")
            && has_known_token(headers)
            && let Ok(whole) = path.parse()
        {
            return Ok((whole, Arc::default()));
        }
        let message = "the path does not begin with the gateway's prefix, nor does the request carry a \
                   token of this run";
        Err((StatusCode::FORBIDDEN, message))
    }

    fn strip_secret(&self, path: &str) -> Option<Uri> {
        let path = path.trim_start_matches('/');
        let end = path.find(['/', '?']).unwrap_or(path.len());
        if sha256(&path.as_bytes()[..end]) != self.path_secret {
            return None;
        }
        single_slash(&path[end..]).parse().ok()
    }
}

/// Some versions of the Terraform provider send two slashes in place of one.
fn single_slash(path: &str) -> String {
    format!("/{}", path.trim_start_matches('/'))
}

/// Checks the target in the first line and the `Host` fields in the others.
#[cfg(fuzzing)]
pub(crate) fn fuzz(bytes: &[u8]) {
    use hyper::header::{HOST, HeaderValue};

    let mut lines = bytes.split(|byte| *byte == b'\n');
    let Ok(uri) = Uri::try_from(lines.next().unwrap_or_default()) else {
        return;
    };
    let mut headers = HeaderMap::new();
    for line in lines {
        if let Ok(host) = HeaderValue::from_bytes(line) {
            headers.append(HOST, host);
        }
    }
    let prefix = PathSecret::parse("prefix-of-this-run").expect("it is long enough");
    let access = AccessCheck::new(&prefix, AllowedHosts::parse("gateway.internal"));
    if let Ok((behind, _)) = access.check(&uri, &headers, |_| false) {
        assert!(uri.path().contains("prefix-of-this-run"), "{uri} was let in");
        assert!(behind.authority().is_none() && behind.path().starts_with('/'), "{behind}");
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::{HOST, HeaderValue};

    use super::*;

    fn check(host: &str, uri: &str) -> Result<String, u16> {
        let prefix = PathSecret::parse("prefix-of-this-run").unwrap();
        let access = AccessCheck::new(&prefix, AllowedHosts::parse("gateway.internal"));
        let mut headers = HeaderMap::new();
        for host in host.split_terminator('|') {
            headers.append(HOST, HeaderValue::from_str(host).unwrap());
        }
        let checked = access.check(&uri.parse().unwrap(), &headers, |_| false);
        checked.map(|(uri, _)| uri.to_string()).map_err(|(status, _)| status.as_u16())
    }

    #[test]
    fn the_secret_gives_access_and_is_removed() {
        let path = |path: &str| check("127.0.0.1:8080", path);
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
    fn a_client_with_a_token_needs_no_secret_and_is_not_told_it() {
        let prefix = PathSecret::parse("prefix-of-this-run").unwrap();
        let access = AccessCheck::new(&prefix, AllowedHosts::default());
        let check = |host: &'static str, path: &str| {
            let headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static(host))]);
            let checked = access.check(&path.parse().unwrap(), &headers, |_| true);
            checked.map(|(uri, mount)| (uri.to_string(), mount.to_string()))
        };
        let own = |path: &str, mount: &str| Ok((path.to_owned(), mount.to_owned()));
        assert_eq!(check("localhost", "/api/v2/x?a"), own("/api/v2/x?a", ""));
        assert_eq!(check("localhost", "//api/v2/x"), own("/api/v2/x", ""));
        assert_eq!(check("localhost", "/prefix-of-this-run/x"), own("/x", "/prefix-of-this-run"));
        assert_eq!(check("localhost", "/old-prefix-of-a-run/api/v2/x").unwrap_err().0, 403);
        // A web page on another host gets nothing, even with a token.
        assert_eq!(check("evil.example", "/api/v2/x").unwrap_err().0, 421);
    }

    #[test]
    fn only_this_machine_and_allowed_host_names_are_accepted() {
        let host = |host: &str| check(host, "/prefix-of-this-run/x");
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
        assert_eq!(check("localhost", absolute), Err(421));
    }
}
