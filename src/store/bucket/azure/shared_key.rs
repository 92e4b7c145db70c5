//! Signs a request to Azure Blob again, as of another time (Shared Key).

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Uri;
use hyper::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_TYPE, DATE,
    HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    IF_UNMODIFIED_SINCE, RANGE,
};
use hyper::http::request::Parts;
use jiff::Timestamp;
use ring::hmac;
use url::form_urlencoded;

use crate::net::date_header;

const SCHEME: &str = "SharedKey ";

/// Headers whose values are signed without their names, in this order.
const SIGNED: [HeaderName; 11] = [
    CONTENT_ENCODING,
    CONTENT_LANGUAGE,
    CONTENT_LENGTH,
    HeaderName::from_static("content-md5"),
    CONTENT_TYPE,
    DATE,
    IF_MODIFIED_SINCE,
    IF_MATCH,
    IF_NONE_MATCH,
    IF_UNMODIFIED_SINCE,
    RANGE,
];

/// Returns when a request was signed.
pub(in super::super) fn signed_at(head: &Parts) -> Option<Timestamp> {
    let is_signed = account(head).is_some();
    date_header(&head.headers).filter(|_| is_signed)
}

/// Returns `None`, and changes no header, if the request has no signature of this kind.
pub(in super::super) fn sign(head: &mut Parts, key: &[u8], time: Timestamp) -> Option<()> {
    let account = account(head)?.to_owned();
    let mut headers = head.headers.clone();
    let since_epoch = Duration::try_from(time.as_duration()).ok()?;
    let date = httpdate::fmt_http_date(UNIX_EPOCH + since_epoch);
    headers.insert(DATE, HeaderValue::from_str(&date).ok()?);
    let mut text = format!("{}\n", head.method);
    for name in SIGNED {
        let value = headers.get(&name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let is_empty_body = name == CONTENT_LENGTH && value == "0";
        text.push_str(if is_empty_body { "" } else { value });
        text.push('\n');
    }
    text.push_str(&canonical_headers(&headers)?);
    text.push_str(&canonical_resource(&account, &head.uri));
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes());
    let authorization = format!("{SCHEME}{account}:{}", STANDARD.encode(signature));
    headers.insert(AUTHORIZATION, HeaderValue::from_str(&authorization).ok()?);
    head.headers = headers;
    Some(())
}

fn account(head: &Parts) -> Option<&str> {
    let authorization = head.headers.get(AUTHORIZATION)?.to_str().ok()?;
    Some(authorization.strip_prefix(SCHEME)?.split_once(':')?.0)
}

fn canonical_headers(headers: &HeaderMap) -> Option<String> {
    let own = headers.iter().filter(|(name, _)| name.as_str().starts_with("x-ms-"));
    let lines: Option<BTreeMap<_, _>> =
        own.map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
    Some(lines?.iter().map(|(name, value)| format!("{name}:{value}\n")).collect())
}

fn canonical_resource(account: &str, uri: &Uri) -> String {
    let mut parameters: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        parameters.entry(name.to_lowercase()).or_default().push(value.into_owned());
    }
    let mut text = format!("/{account}{}", uri.path());
    for (name, mut values) in parameters {
        values.sort_unstable();
        text.push_str(&format!("\n{name}:{}", values.join(",")));
    }
    text
}
