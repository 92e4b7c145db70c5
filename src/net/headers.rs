//! Headers and URLs, as several callers read or show them.

use std::time::Duration;

use hyper::header::{AGE, CONTENT_TYPE, DATE, HeaderMap, RETRY_AFTER};
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

/// Returns the wait that `Retry-After` asks for (RFC 9110 section 10.2.3); `None` if it is
/// missing or unreadable. A date is compared with the response's own `Date`, which is of the
/// same clock, else with `now`.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that does not parse is beyond every time limit.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let wait = parse_http_date(text)?.duration_since(date_header(headers).unwrap_or(now));
    Some(wait.try_into().unwrap_or_default())
}

/// Parses a date of HTTP (RFC 9110 section 5.6.7).
fn parse_http_date(text: &str) -> Option<Timestamp> {
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
