//! Checks successful replies with credentials before the library reads them: it stops the process
//! where a value does not fit into a URL or a header, or lies too far in the future.

use hyper::body::Bytes;
use serde_json::Value;
use url::Url;

use super::variables::values::flaw_of_header;

/// The ends of the URLs of an instance's metadata that are answered with one word.
const WORDS: [&str; 2] = ["/latest/api/token", "/iam/security-credentials/"];

/// Seconds, also since 1970.
const MAX_EXPIRES: u64 = 100_000_000_000;

/// Returns what the library may read, if it can.
pub(super) fn checked(body: &Bytes, url: &Url) -> Option<Bytes> {
    let text = str::from_utf8(body).ok()?;
    let is_usable = if WORDS.iter().any(|end| url.path().ends_with(end)) {
        text.trim().bytes().all(is_of_url)
    } else {
        match serde_json::from_str(text) {
            Ok(json) => is_usable_json(&json),
            Err(_) => !text.trim_start().starts_with('<') || is_usable_xml(text),
        }
    };
    is_usable.then(|| body.slice_ref(body.trim_ascii()))
}

fn is_usable_json(json: &Value) -> bool {
    match json {
        Value::String(text) => flaw_of_header(text).is_none(),
        Value::Array(values) => values.iter().all(is_usable_json),
        Value::Object(fields) => fields.iter().all(|(name, value)| {
            is_usable_json(value) && !(name.starts_with("expires") && is_too_far(value))
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

fn is_too_far(value: &Value) -> bool {
    let seconds = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok());
    seconds.is_some_and(|seconds| seconds > MAX_EXPIRES)
}

fn is_usable_xml(text: &str) -> bool {
    let mut parts = text.split(['<', '>']).filter(|part| !part.trim().is_empty());
    parts.all(|part| flaw_of_header(part).is_none() && !part.contains("&#"))
}

fn is_of_url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/=:@,".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str, body: &str) -> Option<String> {
        let url = Url::parse(&format!("http://h{path}")).unwrap();
        let checked = checked(&Bytes::copy_from_slice(body.as_bytes()), &url)?;
        Some(String::from_utf8(checked.to_vec()).unwrap())
    }

    #[test]
    fn replies_as_services_write_them_are_passed_on() {
        let xml = "<?xml version=\"1.0\"?>\n<Response xmlns=\"https://x/\">\n  \
                   <SessionToken>a/b+c=</SessionToken>\n</Response>\n";
        for body in [xml, "{\n  \"expires_on\": \"4070908800\",\n \"Token\": \"a b\"\n}", "a.b.c"] {
            assert_eq!(read("/", body).as_deref(), Some(body.trim()));
        }
        let role = "/latest/meta-data/iam/security-credentials/";
        assert_eq!(read(role, "ci@team_1\n").as_deref(), Some("ci@team_1"));
        assert_eq!(read(role, "{}"), None);
        assert_eq!(read(&format!("{role}ci"), "{}").as_deref(), Some("{}"));
    }
}
