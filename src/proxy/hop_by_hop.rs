//! Removes header fields that are meant for one connection (RFC 9110 section 7.6).

use hyper::header::{
    CONNECTION, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE,
};

const HOP_BY_HOP: [HeaderName; 6] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Set anew from the body on the next connection, which prevents request smuggling.
const FRAMING: [HeaderName; 1] = [CONTENT_LENGTH];

const PROXY_ONLY: [HeaderName; 2] = [PROXY_AUTHENTICATE, PROXY_AUTHORIZATION];

const TRAILERS: HeaderValue = HeaderValue::from_static("trailers");

/// Does not add `Via` (section 7.6.3): nginx does not compress the response to a request
/// that has one.
pub(super) fn strip_from_request(headers: &mut HeaderMap) {
    let accepts_trailers = headers.get_all(TE).iter().any(lists_trailers);
    strip_listed(headers);
    for name in HOP_BY_HOP.iter().chain(&FRAMING).chain(&PROXY_ONLY) {
        headers.remove(name);
    }
    if accepts_trailers {
        headers.insert(TE, TRAILERS);
    }
}

/// Keeps `Content-Length`, which is all that a response to HEAD tells of the length.
pub(super) fn strip_from_response(headers: &mut HeaderMap) {
    strip_listed(headers);
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
}

fn strip_listed(headers: &mut HeaderMap) {
    if !headers.contains_key(CONNECTION) {
        return;
    }
    let listed: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in listed {
        headers.remove(name);
    }
}

fn lists_trailers(value: &HeaderValue) -> bool {
    let names = value.to_str().unwrap_or_default().split(',');
    names
        .map(|name| name.split(';').next().unwrap_or_default().trim())
        .any(|name| name.eq_ignore_ascii_case("trailers"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers<const N: usize>(fields: [(&'static str, &'static str); N]) -> HeaderMap {
        let field =
            |(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value));
        fields.into_iter().map(field).collect()
    }

    fn names(headers: &HeaderMap) -> Vec<&str> {
        let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn request_fields_of_the_connection_are_removed() {
        let mut request = headers([
            ("connection", "keep-alive, X-Mine"),
            ("keep-alive", "timeout=5"),
            ("x-mine", "1"),
            ("x-yours", "2"),
            ("te", "gzip, trailers;q=0.5"),
            ("transfer-encoding", "chunked"),
            ("content-length", "5"),
            ("upgrade", "websocket"),
            ("proxy-authorization", "Basic eDp5"),
            ("content-encoding", "gzip"),
            ("via", "1.0 other"),
        ]);
        strip_from_request(&mut request);
        assert_eq!(names(&request), ["content-encoding", "te", "via", "x-yours"]);
        assert_eq!(request["te"], "trailers");
        assert_eq!(request["via"], "1.0 other");
    }

    #[test]
    fn a_response_keeps_its_length_and_its_date() {
        let mut response = headers([
            ("connection", "close"),
            ("content-length", "5"),
            ("transfer-encoding", "chunked"),
            ("date", "Thu, 01 Jan 1970 00:00:00 GMT"),
            ("content-encoding", "br"),
        ]);
        strip_from_response(&mut response);
        assert_eq!(names(&response), ["content-encoding", "content-length", "date"]);
    }
}
