//! Requests in absolute form (RFC 9112 section 3.2.2): axios before 1.17 and needle send
//! `GET https://host/` to the proxy, where other clients use CONNECT.

use hyper::header::{HOST, HeaderValue};
use hyper::http::uri::{Authority, PathAndQuery, Scheme};
use hyper::{Request, Uri};

use super::hosts::InterceptedHosts;
use crate::proxy::CloudHost;

const HTTPS_PORT: u16 = 443;

/// Converts a request for an intercepted host to origin form, as the host would get it.
///
/// # Errors
/// The message for a request for another host.
pub(super) fn to_origin_form<B>(
    hosts: &InterceptedHosts,
    mut request: Request<B>,
) -> Result<(CloudHost, Request<B>), String> {
    let uri = request.uri();
    let Some(authority) = https_authority(uri) else {
        return Err("this proxy supports https only: set HTTPS_PROXY to it, but not HTTP_PROXY; for a \
                    client that uses HTTPS_PROXY for http as well, such as needle, list the host in \
                    NO_PROXY"
            .to_owned());
    };
    let Some(host) = hosts.find(&authority) else {
        let name = authority.host();
        let port = authority.port_u16().filter(|port| *port != HTTPS_PORT);
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        return Err(format!(
            "the client sent a request for https://{name}{port} to the proxy unencrypted, not through \
             a tunnel (CONNECT): this proxy answers such requests for the hosts of Genesys Cloud \
             only. List {name} in NO_PROXY, or use a client that tunnels: axios 1.17 or later, or \
             an agent such as https-proxy-agent"
        ));
    };
    let path = uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
    // The target takes precedence.
    let host_header = HeaderValue::from_str(authority.host()).expect("it is the name of a host");
    request.headers_mut().insert(HOST, host_header);
    *request.uri_mut() = path.into();
    Ok((host, request))
}

/// Returns host and port, without a user.
fn https_authority(uri: &Uri) -> Option<Authority> {
    let authority = uri.authority().filter(|_| uri.scheme() == Some(&Scheme::HTTPS))?;
    let port = authority.port_u16().unwrap_or(HTTPS_PORT);
    format!("{}:{port}", authority.host()).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::hosts::tests::ireland;
    use super::*;

    fn read(target: &str) -> Result<(CloudHost, String, String), String> {
        let request = Request::get(target).header(HOST, "127.0.0.1:1").body(()).unwrap();
        to_origin_form(&ireland(), request).map(|(host, request)| {
            let headers = request.headers();
            assert_eq!(headers.get_all(HOST).iter().count(), 1);
            (host, request.uri().to_string(), headers[HOST].to_str().unwrap().to_owned())
        })
    }

    #[test]
    fn a_request_for_an_intercepted_host_is_converted() {
        for (target, host, path, named) in [
            ("https://api.mypurecloud.ie/a?b=c", CloudHost::Api, "/a?b=c", "api.mypurecloud.ie"),
            ("https://LOGIN.mypurecloud.ie:443", CloudHost::Login, "/", "LOGIN.mypurecloud.ie"),
            ("https://u:p@apps.mypurecloud.ie./x", CloudHost::Apps, "/x", "apps.mypurecloud.ie."),
        ] {
            assert_eq!(read(target), Ok((host, path.into(), named.into())), "{target}");
        }
    }

    #[test]
    fn a_request_for_another_host_gets_the_reason_and_a_hint() {
        for target in [
            "https://api.mypurecloud.ie:8443/",
            "https://u:hunter2@evil.example/?x=hunter2",
            "https://[::1]/",
        ] {
            let why = read(target).unwrap_err();
            assert!(why.contains("in NO_PROXY") && why.contains("CONNECT"), "{why}");
            assert!(!why.contains("hunter2"), "{why}");
            assert_eq!(why.contains(":8443"), target.contains(":8443"), "{why}");
        }
        for target in ["http://api.mypurecloud.ie/", "/api/v2", "ftp://api.mypurecloud.ie/"] {
            assert!(read(target).unwrap_err().contains("https only"), "{target}");
        }
    }
}
