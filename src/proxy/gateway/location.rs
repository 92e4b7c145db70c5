//! Rewrites the references in answers so that clients that follow them stay below the
//! gateway's path.

use hyper::header::{CONTENT_LOCATION, HeaderMap, HeaderValue, LOCATION};

use crate::proxy::{CloudHost, ReverseProxy, is_of_login_host};

/// Rewrites what points to the hosts behind the gateway, in an answer of `from`, as
/// paths below `mount`: `/` and the gateway's prefix, or nothing. They hold under
/// whatever name the client calls the gateway by.
pub(super) fn rewrite(headers: &mut HeaderMap, relay: &ReverseProxy, from: CloudHost, mount: &str) {
    for name in [LOCATION, CONTENT_LOCATION] {
        let Some(reference) = headers.get(&name).and_then(|value| value.to_str().ok()) else {
            continue;
        };
        let paths = [CloudHost::Api, CloudHost::Login]
            .map(|host| (host, relay.path_at(host, reference, from)));
        let path = paths.into_iter().find_map(|(host, path)| {
            path.filter(|path| is_of_login_host(just_path(path)) == (host == CloudHost::Login))
        });
        let value = path.and_then(|path| HeaderValue::from_str(&format!("{mount}{path}")).ok());
        if let Some(value) = value {
            headers.insert(name, value);
        }
    }
}

/// The path without query and fragment.
fn just_path(path: &str) -> &str {
    path.split(['?', '#']).next().unwrap_or(path)
}
