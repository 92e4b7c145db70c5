//! A request that can be sent any number of times, by either version of HTTP.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Method, Request, Uri};
use url::{Position, Url};
use zeroize::Zeroizing;

use super::{USER_AGENT_VALUE, display_host};
use crate::error::{Error, Kind, Result};

#[derive(Clone)]
pub(crate) struct HttpRequest {
    method: Method,
    headers: HeaderMap,
    body: Bytes,
}

impl HttpRequest {
    pub(crate) fn new(method: Method) -> HttpRequest {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(USER_AGENT, HeaderValue::from_static(USER_AGENT_VALUE));
        HttpRequest { method, headers, body: Bytes::new() }
    }

    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> HttpRequest {
        self.headers.insert(name, value);
        self
    }

    /// The body is overwritten when it is no longer needed.
    pub(crate) fn with_body(self, body: Zeroizing<String>) -> HttpRequest {
        HttpRequest { body: Bytes::from_owner(Secret(body)), ..self }
    }

    pub(super) fn is_safe(&self) -> bool {
        self.method.is_safe()
    }

    pub(super) fn for_http1(&self, target: &RequestTarget) -> Request<Full<Bytes>> {
        let mut request = self.with_uri(target.path.clone());
        request.headers_mut().insert(HOST, target.host.clone());
        request
    }

    pub(super) fn for_http2(&self, target: &RequestTarget) -> Request<Full<Bytes>> {
        self.with_uri(target.uri.clone())
    }

    fn with_uri(&self, uri: Uri) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers.clone();
        request
    }
}

/// A URL as requests name it: HTTP/1.1 has the host in a field (RFC 9112 section 3.2),
/// HTTP/2 in the URI (RFC 9113 section 8.3.1).
pub(super) struct RequestTarget {
    path: Uri,
    host: HeaderValue,
    uri: Uri,
}

impl RequestTarget {
    pub(super) fn of(url: &Url) -> Result<RequestTarget> {
        let target = || {
            Ok::<_, hyper::http::Error>(RequestTarget {
                path: url[Position::BeforePath..Position::AfterQuery].parse()?,
                host: display_host(url).try_into()?,
                uri: url[..Position::AfterQuery].parse()?,
            })
        };
        target().map_err(|error| {
            Error::new(Kind::Configuration, "the URL is unusable").with_source(error)
        })
    }
}

struct Secret(Zeroizing<String>);

impl AsRef<[u8]> for Secret {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}
