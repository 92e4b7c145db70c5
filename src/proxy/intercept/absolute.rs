//! Requests in absolute form (RFC 9112 section 3.2.2): axios up to 1.16 and needle
//! send `GET https://host/` to a proxy in clear, where others tunnel.

use hyper::header::{HOST, HeaderValue};
use hyper::http::uri::{Authority, PathAndQuery, Scheme};
use hyper::{Request, Uri};

use super::hosts::InterceptedHosts;
use crate::proxy::CloudHost;

/// The port of https.
const PORT: u16 = 443;

/// The request as the host itself would get it, and that host. To end the
/// client's TLS here or to begin with none is the same for one of the cloud's
/// hosts.
///
/// # Errors
/// Words for the client when the request is for any other host.
pub(super) fn in_origin_form<B>(
    names: &InterceptedHosts,
    mut request: Request<B>,
) -> Result<(CloudHost, Request<B>), String> {
    let uri = request.uri();
    let Some(authority) = https(uri) else {
        return Err("this proxy is for https alone: set HTTPS_PROXY to it, and not HTTP_PROXY; a \
                    client that takes HTTPS_PROXY for http as well, as needle does, needs the host \
                    in NO_PROXY"
            .to_owned());
    };
    let Some(host) = names.find(&authority) else {
        let name = authority.host();
        let port = authority.port_u16().filter(|port| *port != PORT);
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        return Err(format!(
            "the client has sent a request for https://{name}{port} to the proxy in clear, where it \
             belongs into a tunnel (CONNECT): this proxy answers such requests for the cloud's \
             hosts alone. List {name} in NO_PROXY, or use a client that tunnels: axios from 1.17 \
             on, or an agent such as https-proxy-agent"
        ));
    };
    let path = uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
    // What the client says beside the target does not count.
    let named = HeaderValue::from_str(authority.host()).expect("it is the name of a host");
    request.headers_mut().insert(HOST, named);
    *request.uri_mut() = path.into();
    Ok((host, request))
}

/// The host and the port of an https URL, without a user.
fn https(uri: &Uri) -> Option<Authority> {
    let authority = uri.authority().filter(|_| uri.scheme() == Some(&Scheme::HTTPS))?;
    let port = authority.port_u16().unwrap_or(PORT);
    format!("{}:{port}", authority.host()).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::hosts::tests::ireland;
    use super::*;

    fn read(target: &str) -> Result<(CloudHost, String, String), String> {
        let request = Request::get(target).header(HOST, "127.0.0.1:1").body(()).unwrap();
        in_origin_form(&ireland(), request).map(|(host, request)| {
            let headers = request.headers();
            assert_eq!(headers.get_all(HOST).iter().count(), 1);
            (host, request.uri().to_string(), headers[HOST].to_str().unwrap().to_owned())
        })
    }

    #[test]
    fn one_of_the_clouds_hosts_gets_what_it_would_get_itself() {
        for (target, host, path, named) in [
            ("https://api.mypurecloud.ie/a?b=c", CloudHost::Api, "/a?b=c", "api.mypurecloud.ie"),
            ("https://LOGIN.mypurecloud.ie:443", CloudHost::Login, "/", "LOGIN.mypurecloud.ie"),
            ("https://u:p@apps.mypurecloud.ie./x", CloudHost::Apps, "/x", "apps.mypurecloud.ie."),
        ] {
            assert_eq!(read(target), Ok((host, path.into(), named.into())), "{target}");
        }
    }

    #[test]
    fn any_other_is_told_the_reason_and_the_way_out() {
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
            assert!(read(target).unwrap_err().contains("https alone"), "{target}");
        }
    }
}
