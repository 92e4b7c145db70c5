//! Rewrites the references in response headers, so that clients that follow them stay at
//! the gateway.

use hyper::header::{CONTENT_LOCATION, HeaderMap, HeaderValue, LOCATION};

use crate::proxy::{CloudHost, ReverseProxy, is_login_host_path};

/// Turns references to the hosts behind the gateway, in a response of `from`, into paths
/// that begin with `mount`. A path holds for any name of the gateway.
pub(super) fn rewrite(headers: &mut HeaderMap, proxy: &ReverseProxy, from: CloudHost, mount: &str) {
    for name in [LOCATION, CONTENT_LOCATION] {
        let Some(reference) = headers.get(&name).and_then(|value| value.to_str().ok()) else {
            continue;
        };
        let paths = [CloudHost::Api, CloudHost::Login]
            .map(|host| (host, proxy.path_at(host, reference, from)));
        let path = paths.into_iter().find_map(|(host, path)| {
            path.filter(|path| {
                is_login_host_path(without_query(path)) == (host == CloudHost::Login)
            })
        });
        let value = path.and_then(|path| HeaderValue::from_str(&format!("{mount}{path}")).ok());
        if let Some(value) = value {
            headers.insert(name, value);
        }
    }
}

fn without_query(path: &str) -> &str {
    path.split(['?', '#']).next().unwrap_or(path)
}
