//! Signs a request to S3 again, as of another time (Signature Version 4).

use hyper::Uri;
use hyper::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ring::{digest, hmac};
use url::form_urlencoded;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const PAYLOAD_HASH: HeaderName = HeaderName::from_static("x-amz-content-sha256");
const TIME_FORMAT: &str = "%Y%m%dT%H%M%SZ";

/// Characters that need no escape (RFC 3986 section 2.3).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The parts of an `Authorization` header that a new signature has, too.
struct Authorization<'a> {
    key_id: &'a str,
    /// Region, service and the end of the scope.
    scope: &'a str,
    signed_headers: &'a str,
}

/// Returns when a request was signed.
pub(in super::super) fn signed_at(head: &Parts) -> Option<Timestamp> {
    let text = head.headers.get(DATE)?.to_str().ok()?;
    let time = DateTime::strptime(TIME_FORMAT, text).ok()?;
    Offset::UTC.to_timestamp(time).ok()
}

/// Signs the headers that were signed before. Returns `None`, and changes no header, if the
/// request has no signature by the key of `key_id`.
pub(in super::super) fn sign(
    head: &mut Parts,
    key_id: &str,
    secret: &str,
    time: Timestamp,
) -> Option<()> {
    let old = head.headers.get(AUTHORIZATION)?.to_str().ok()?.to_owned();
    let old = Authorization::parse(&old).filter(|old| old.key_id == key_id)?;
    let payload_hash = head.headers.get(PAYLOAD_HASH)?.to_str().ok()?.to_owned();
    let time = time.strftime(TIME_FORMAT).to_string();
    let date = time.get(..8)?;
    let mut headers = head.headers.clone();
    headers.insert(DATE, HeaderValue::from_str(&time).ok()?);
    let canonical = [
        head.method.as_str(),
        head.uri.path(),
        &canonical_query(&head.uri),
        &canonical_headers(&headers, &head.uri, old.signed_headers)?,
        old.signed_headers,
        &payload_hash,
    ]
    .join("\n");
    let scope = format!("{date}/{}", old.scope);
    let hash = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
    let mut key = hmac_sha256(format!("AWS4{secret}").as_bytes(), date);
    for part in old.scope.split('/') {
        key = hmac_sha256(key.as_ref(), part);
    }
    let text = [ALGORITHM, &time, &scope, &hash].join("\n");
    let signature = hex(hmac_sha256(key.as_ref(), &text).as_ref());
    let authorization = format!(
        "{ALGORITHM} Credential={key_id}/{scope}, SignedHeaders={}, Signature={signature}",
        old.signed_headers
    );
    headers.insert(AUTHORIZATION, HeaderValue::from_str(&authorization).ok()?);
    head.headers = headers;
    Some(())
}

impl Authorization<'_> {
    fn parse(header: &str) -> Option<Authorization<'_>> {
        let fields = header.strip_prefix(ALGORITHM)?;
        let field = |name: &str| {
            let mut fields = fields.split(',').map(str::trim);
            fields.find_map(|field| field.strip_prefix(name)?.strip_prefix('='))
        };
        let (key_id, dated_scope) = field("Credential")?.split_once('/')?;
        let (_, scope) = dated_scope.split_once('/')?;
        Some(Authorization { key_id, scope, signed_headers: field("SignedHeaders")? })
    }
}

fn canonical_query(uri: &Uri) -> String {
    let query = uri.query().unwrap_or_default();
    let escape = |text: &str| utf8_percent_encode(text, ESCAPED).to_string();
    let mut pairs: Vec<_> = form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| (escape(&name), escape(&value)))
        .collect();
    pairs.sort_unstable();
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

fn canonical_headers(headers: &HeaderMap, uri: &Uri, names: &str) -> Option<String> {
    let mut text = String::new();
    for name in names.split(';') {
        let values: Option<Vec<_>> = if name == HOST.as_str() {
            // The header itself is added by the connection.
            Some(vec![uri.authority()?.as_str()])
        } else {
            headers.get_all(name).iter().map(|value| value.to_str().ok()).collect()
        };
        let trimmed: Vec<String> = values?
            .iter()
            .map(|value| value.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        text.push_str(&format!("{name}:{}\n", trimmed.join(",")));
    }
    Some(text)
}

fn hmac_sha256(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
