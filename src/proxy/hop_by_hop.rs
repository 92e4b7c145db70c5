//! Header fields that are meant for one connection (RFC 9110 section 7.6).

use hyper::header::{
    CONNECTION, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE,
};

/// Those that belong to a connection by their own nature.
const BY_NATURE: [HeaderName; 6] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// How a message is delimited is settled anew on each connection, by its body:
/// what a client says of it cannot be understood in two ways behind us.
const FRAMING: [HeaderName; 1] = [CONTENT_LENGTH];

/// For the proxy next to the client alone.
const OF_PROXIES: [HeaderName; 2] = [PROXY_AUTHENTICATE, PROXY_AUTHORIZATION];

const TRAILERS: HeaderValue = HeaderValue::from_static("trailers");

/// Makes a request's fields ready for the next connection. Section 7.6.3 would have
/// `Via` added; nginx does not compress what it answers to a request that has one.
pub(super) fn pass_request(headers: &mut HeaderMap) {
    let trailers = headers.get_all(TE).iter().any(is_trailers);
    drop_named(headers);
    for name in BY_NATURE.iter().chain(&FRAMING).chain(&OF_PROXIES) {
        headers.remove(name);
    }
    if trailers {
        headers.insert(TE, TRAILERS);
    }
}

/// Makes a reply's fields ready for the client. Its length stays: the reply to
/// a HEAD has no other means to tell it.
pub(super) fn pass_reply(headers: &mut HeaderMap) {
    drop_named(headers);
    for name in &BY_NATURE {
        headers.remove(name);
    }
}

/// Those that the sender lists in `Connection`.
fn drop_named(headers: &mut HeaderMap) {
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

fn is_trailers(value: &HeaderValue) -> bool {
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
    fn what_belongs_to_the_connection_stays_behind() {
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
        pass_request(&mut request);
        assert_eq!(names(&request), ["content-encoding", "te", "via", "x-yours"]);
        assert_eq!(request["te"], "trailers");
        assert_eq!(request["via"], "1.0 other");
    }

    #[test]
    fn a_reply_keeps_its_length_and_its_date() {
        let mut reply = headers([
            ("connection", "close"),
            ("content-length", "5"),
            ("transfer-encoding", "chunked"),
            ("date", "Thu, 01 Jan 1970 00:00:00 GMT"),
            ("content-encoding", "br"),
        ]);
        pass_reply(&mut reply);
        assert_eq!(names(&reply), ["content-encoding", "content-length", "date"]);
    }
}
