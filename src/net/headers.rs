//! Headers and URLs, as several callers read or show them.

use hyper::header::{AGE, CONTENT_TYPE, DATE, HeaderMap};
use jiff::Timestamp;
use url::Url;

/// Returns when a response was written, by the host's clock. `None` when it came from a
/// cache (`Age`), or when the header is missing, repeated or not a date.
pub(crate) fn date_header(headers: &HeaderMap) -> Option<Timestamp> {
    if headers.contains_key(AGE) {
        return None;
    }
    let mut dates = headers.get_all(DATE).iter();
    let date = parse_http_date(dates.next()?.to_str().ok()?)?;
    dates.next().is_none().then_some(date)
}

/// Parses a date of HTTP (RFC 9110 section 5.6.7).
pub(crate) fn parse_http_date(text: &str) -> Option<Timestamp> {
    Timestamp::try_from(httpdate::parse_http_date(text.trim()).ok()?).ok()
}

/// Returns a URL's host, and its port unless that is the scheme's own. Messages show no
/// more of a URL: its path or user part may be private.
pub(crate) fn display_host(url: &Url) -> String {
    let host = url.host_str().unwrap_or("(no host)");
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Returns whether a body is a page for people, such as a captive portal's.
pub(crate) fn is_page(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|content_type| content_type.to_str().ok())
        .is_some_and(|content_type| content_type.starts_with("text/html"))
}
