use std::time::Duration;

use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

use super::*;
use crate::net::date_header;

mod bodies;
mod issuers;
mod properties;
mod secrets;

const NOW: i64 = 1_700_000_000;
/// [`NOW`] as a date.
const NOW_DATE: &str = "Tue, 14 Nov 2023 22:13:20 GMT";

fn reply(status: u16, headers: &[(&'static str, &str)], body: &[u8]) -> HttpResponse {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, HeaderValue::from_str(value).unwrap());
    }
    HttpResponse { status, headers: map, body: body.to_vec().into() }
}

fn read(reply: &HttpResponse) -> Result<Grant, AttemptError> {
    let mut secrets = Secrets::default();
    secrets.add("s3cret");
    let reader = ResponseReader { host: "login.example", secrets: &secrets };
    reader.read(reply, Timestamp::from_second(NOW).unwrap())
}

fn error(reply: &HttpResponse) -> Error {
    read(reply).unwrap_err().error
}

#[test]
fn a_good_reply_is_a_grant() {
    for (status, body, expires_in) in [
        (
            200,
            r#"{"access_token":"t","token_type":"Bearer","expires_in":300,"error":""}"#,
            Some(300),
        ),
        (200, r#"{"access_token":"t","token_type":"BearerToken","expires_in":300.9}"#, Some(300)),
        (201, r#"{"access_token":"t","expires_in":"300","scope":"x"}"#, Some(300)),
        (203, r#"{"access_token":"t","token_type":null,"expires_in":null}"#, None),
        (200, r#"{"access_token":"t","token_type":"","expires_in":3e2}"#, Some(300)),
        (
            206,
            r#"{"access_token":"t","token_type":" bEARER ","expires_in":38880000}"#,
            Some(38_880_000),
        ),
        (200, "\u{feff}{\"access_token\":\"t\",\"x\":1,\"x\":2}", None),
        (299, " \r\n{\"access_token\":\"t\"}\n\n", None),
    ] {
        assert_eq!(read(&reply(status, &[], body.as_bytes())), Ok(grant(expires_in)), "{body}");
    }
}

fn grant(expires_in: Option<i64>) -> Grant {
    Grant {
        access_token: AccessToken::new("t".to_owned()),
        expires_in: expires_in.map(ExpiresIn),
        claims: None,
    }
}

const GOOD: &[u8] = br#"{"access_token":"t","expires_in":300}"#;

#[test]
fn a_token_of_another_type_is_refused_by_name() {
    for token_type in ["mac", "DPoP", "N_A", "PoP", "Bearer DPoP", "##vso[task.x]s3cret"] {
        let body = serde_json::json!({ "access_token": "t", "token_type": token_type });
        let error = error(&reply(200, &[], body.to_string().as_bytes()));
        let shown = token_type.replace("##", "# #").replace("s3cret", "[redacted]");
        assert_eq!(error.cause, Some(format!("HTTP 200 with a token of type {shown:?}")));
        assert_eq!(error.kind, Kind::Unavailable);
        assert!(error.hint.unwrap().starts_with("only Bearer tokens can be presented here"));
    }
}

/// Status, body, kind, cause; whether it is tried again.
type Row<'a> = (u16, &'a str, Kind, &'a str, bool);

#[rustfmt::skip]
const BAD: &[Row<'_>] = &[
    // No token where one should be.
    (200, "", Kind::Unavailable, "HTTP 200 with an empty body", false),
    (200, "<html>tok-en</html>", Kind::Unavailable, "HTTP 200 with 19 bytes of text/html that are not a JSON object", false),
    (200, "[]", Kind::Unavailable, "HTTP 200 with 2 bytes of text/html that are not a JSON object but a JSON array", false),
    (200, "\"token\"", Kind::Unavailable, "HTTP 200 with 7 bytes of text/html that are not a JSON object but a JSON string", false),
    (200, r#"{"access_token":"tok"#, Kind::Unavailable, "HTTP 200 with 20 bytes of text/html that are not a JSON object: not JSON at line 1, column 20", false),
    (200, r#"{"access_token":"tok"} {}"#, Kind::Unavailable, "HTTP 200 with 25 bytes of text/html that are not a JSON object: not JSON at line 1, column 24", false),
    (200, "{}", Kind::Unavailable, "HTTP 200 without an access_token", false),
    (200, r#"{"access_token":""}"#, Kind::Unavailable, "HTTP 200 with an empty access_token", false),
    (200, r#"{"access_token":null}"#, Kind::Unavailable, "HTTP 200 with an access_token that is not a string", false),
    (200, r#"{"access_token":7}"#, Kind::Unavailable, "HTTP 200 with an access_token that is not a string", false),
    (200, r#"{"access_token":"a\nb"}"#, Kind::Unavailable, "HTTP 200 with an access_token that no header can carry (RFC 6750 section 2.1)", false),
    (200, r#"{"access_token":"a b"}"#, Kind::Unavailable, "HTTP 200 with an access_token that no header can carry (RFC 6750 section 2.1)", false),
    (200, r#"{"access_token":"\u00e9"}"#, Kind::Unavailable, "HTTP 200 with an access_token that no header can carry (RFC 6750 section 2.1)", false),
    (200, r#"{"access_token":"t","token_type":"be\nar"}"#, Kind::Unavailable, "HTTP 200 with a token of type \"be ar\"", false),
    (200, r#"{"access_token":"t","token_type":["bearer"]}"#, Kind::Unavailable, "HTTP 200 with a token_type that is not a string", false),
    (200, r#"{"error":"invalid_client"}"#, Kind::CredentialsRefused, "HTTP 200: invalid_client", false),
    (204, "", Kind::Unavailable, "HTTP 204 with an empty body", false),
    (600, "", Kind::Unavailable, "HTTP 600, which is not an HTTP status", false),
    // A lifetime that is of no use.
    (200, r#"{"access_token":"t","expires_in":0}"#, Kind::Lifetime, "the token had expired on arrival: its lifetime is 0 seconds", false),
    (200, r#"{"access_token":"t","expires_in":"-1"}"#, Kind::Lifetime, "the token had expired on arrival: its lifetime is -1 seconds", false),
    (200, r#"{"access_token":"t","expires_in":86400000}"#, Kind::Unavailable, "expires_in is 86400000, 500 days or more: these are probably milliseconds", false),
    (200, r#"{"access_token":"t","expires_in":"soon s3cret"}"#, Kind::Unavailable, "expires_in is not a number: \"soon [redacted]\"", false),
    // The issuer's own "no".
    (400, r#"{"error":"invalid_client","description":"client not found","error_description":"client not found"}"#, Kind::CredentialsRefused, "HTTP 400: invalid_client: client not found", false),
    (400, r#"{"error":"unauthorized_client"}"#, Kind::CredentialsRefused, "HTTP 400: unauthorized_client", false),
    (400, r#"{"error":"invalid_grant","error_description":"no"}"#, Kind::CredentialsRefused, "HTTP 400: invalid_grant: no", false),
    (401, "", Kind::CredentialsRefused, "HTTP 401 with an empty body", false),
    (401, "<html>", Kind::CredentialsRefused, "HTTP 401 with 6 bytes of text/html that are not a JSON object", false),
    (403, r#"{"code":"forbidden","message":"s3cret is \u001b[31mbad"}"#, Kind::CredentialsRefused, "HTTP 403: forbidden: [redacted] is bad", false),
    (403, "<html>blocked</html>", Kind::Unavailable, "HTTP 403 with 20 bytes of text/html that are not a JSON object", false),
    (400, r#"{"error":"invalid_scope","error_description":"no such scope"}"#, Kind::Configuration, "HTTP 400: invalid_scope: no such scope", false),
    (400, r#"{"error":"unsupported_grant_type"}"#, Kind::Configuration, "HTTP 400: unsupported_grant_type", false),
    (400, r#"{"error":"invalid_request","error_description":"no grant_type"}"#, Kind::Configuration, "HTTP 400: invalid_request: no grant_type", false),
    (400, r#"{"error":{"deep":1}}"#, Kind::Unavailable, "HTTP 400 with a JSON object that names no error", false),
    (404, "<html>", Kind::Configuration, "HTTP 404 with 6 bytes of text/html that are not a JSON object", false),
    (405, "{}", Kind::Configuration, "HTTP 405 with a JSON object that names no error", false),
    (407, "", Kind::Unavailable, "HTTP 407: a proxy requires credentials", false),
    (418, "{}", Kind::Unavailable, "HTTP 418 with a JSON object that names no error", false),
    // What may pass.
    (400, r#"{"error":"invalid_request","error_description":"Rate limit exceeded; 5 a minute"}"#, Kind::RateLimited, "HTTP 400: invalid_request: Rate limit exceeded; 5 a minute", true),
    (429, "", Kind::RateLimited, "HTTP 429 with an empty body", true),
    (429, r#"{"error":"invalid_client"}"#, Kind::RateLimited, "HTTP 429: invalid_client", true),
    (500, r#"{"error":"server_error"}"#, Kind::Unavailable, "HTTP 500: server_error", true),
    (502, "<html>", Kind::Unavailable, "HTTP 502 with 6 bytes of text/html that are not a JSON object", true),
    (599, "", Kind::Unavailable, "HTTP 599 with an empty body", true),
    // A redirect without a target.
    (302, "", Kind::Unavailable, "HTTP 302: a redirect to nowhere", false),
    (300, "<html>", Kind::Unavailable, "HTTP 300, which is not a response to a token request", false),
    (304, "", Kind::Unavailable, "HTTP 304, which is not a response to a token request", false),
];

#[test]
fn a_bad_reply_has_one_kind_and_one_cause() {
    for (status, body, kind, cause, again) in BAD {
        let html = ("content-type", "text/html; charset=utf-8");
        let failure = read(&reply(*status, &[html], body.as_bytes())).unwrap_err();
        assert_eq!(failure.error.cause.as_deref(), Some(*cause), "{body}");
        assert_eq!(failure.error.kind, *kind, "{status} {body}");
        assert_eq!(failure.retry != Retryable::Never, *again, "{status} {body}");
        assert!(failure.error.hint.is_some(), "{status} {body}");
        assert!(failure.error.message.contains("login.example"), "{status}");
    }
}

#[test]
fn a_redirect_names_the_host_and_no_more() {
    for (location, host) in [
        ("https://portal.example/login?session=x", "portal.example"),
        ("http://me:pw@portal.example:8080/", "portal.example"),
        ("/elsewhere?session=x", "login.example"),
    ] {
        let cause = error(&reply(307, &[("location", location)], b"")).cause;
        let expected = format!("HTTP 307: a redirect to {host}, which is not followed");
        assert_eq!(cause, Some(expected));
    }
}

#[test]
fn retry_after_is_seconds_or_a_date_by_the_issuers_clock() {
    let ten_later = "Tue, 14 Nov 2023 22:13:30 GMT";
    let hour_earlier = "Tue, 14 Nov 2023 21:13:20 GMT";
    for (headers, seconds) in [
        (vec![], 0),
        (vec![("retry-after", "7")], 7),
        (vec![("retry-after", " 7 ")], 7),
        (vec![("retry-after", "99999999999999999999999")], u64::MAX),
        (vec![("retry-after", "-7")], 0),
        (vec![("retry-after", "1.5")], 0),
        (vec![("retry-after", "soon")], 0),
        (vec![("retry-after", "")], 0),
        (vec![("retry-after", ten_later)], 10),
        (vec![("retry-after", hour_earlier)], 0),
        (vec![("retry-after", ten_later), ("date", hour_earlier)], 3_610),
        (vec![("retry-after", ten_later), ("date", NOW_DATE)], 10),
    ] {
        let failure = read(&reply(503, &headers, b"")).unwrap_err();
        let again = Retryable::After(Duration::from_secs(seconds));
        assert_eq!(failure.retry, again, "{headers:?}");
    }
}

#[test]
fn a_date_counts_only_when_it_is_the_issuers_own_and_fresh() {
    let now = Timestamp::from_second(NOW).ok();
    for (headers, expected) in [
        (vec![("date", NOW_DATE)], now),
        (vec![], None),
        (vec![("date", "yesterday")], None),
        (vec![("date", NOW_DATE), ("age", "0")], None),
        (vec![("date", NOW_DATE), ("date", NOW_DATE)], None),
        // Beyond the calendar of the time library.
        (vec![("date", "Fri, 31 Dec 9999 23:59:59 GMT")], None),
    ] {
        assert_eq!(date_header(&reply(200, &headers, b"").headers), expected, "{headers:?}");
    }
}
