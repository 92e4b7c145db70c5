use reqwest::header::{CONTENT_TYPE, HeaderValue};

use super::*;

mod properties;

const NOW: i64 = 1_700_000_000;
/// [`NOW`] as a date.
const NOW_DATE: &str = "Tue, 14 Nov 2023 22:13:20 GMT";

fn reply(status: u16, headers: &[(&'static str, &str)], body: &[u8]) -> Reply {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, HeaderValue::from_str(value).unwrap());
    }
    Reply { status, headers: map, body: body.to_vec().into() }
}

fn read(reply: &Reply) -> Result<Grant, Failure> {
    let mut secrets = Secrets::default();
    secrets.add("s3cret");
    let reader = Reader { host: "login.example", secrets: &secrets };
    reader.read(reply, Timestamp::from_second(NOW).unwrap())
}

fn error(reply: &Reply) -> Error {
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
fn a_compressed_reply_that_nobody_asked_for_is_read() {
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use std::io::Write;

    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(GOOD).unwrap();
    let gzip = gzip.finish().unwrap();
    let mut twice = GzEncoder::new(Vec::new(), Compression::default());
    twice.write_all(&gzip).unwrap();
    let twice = twice.finish().unwrap();
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(GOOD).unwrap();
    let mut raw = DeflateEncoder::new(Vec::new(), Compression::default());
    raw.write_all(GOOD).unwrap();
    for (coding, body) in [
        ("gzip", &gzip),
        ("X-GZip", &gzip),
        ("identity", &GOOD.to_vec()),
        ("gzip, gzip", &twice),
        // Not announced.
        ("", &gzip),
        // Unpacked on the way, by something that left the header.
        ("gzip", &GOOD.to_vec()),
        ("br", &GOOD.to_vec()),
        ("deflate", &zlib.finish().unwrap()),
        ("deflate", &raw.finish().unwrap()),
    ] {
        let reply = reply(200, &[("content-encoding", coding)], body);
        assert_eq!(read(&reply), Ok(grant(Some(300))), "{coding}");
    }
    let mut bomb = GzEncoder::new(Vec::new(), Compression::default());
    bomb.write_all(&vec![b' '; 2 << 20]).unwrap();
    for (coding, body, cause) in [
        (
            "br",
            gzip.clone(),
            "HTTP 200 with 60 bytes compressed as br, which was not asked for and cannot be read",
        ),
        (
            "zstd",
            gzip.clone(),
            "HTTP 200 with 60 bytes compressed as zstd, which was not asked for and cannot be read",
        ),
        (
            "gzip",
            gzip[..30].to_vec(),
            "HTTP 200 with 30 bytes compressed as gzip, which was not asked for and cannot be read",
        ),
        (
            "##vso[",
            gzip.clone(),
            "HTTP 200 with 60 bytes compressed as an unknown coding, which was not asked for and cannot be read",
        ),
        ("gzip", Vec::new(), "HTTP 200 with an empty body"),
        (
            "gzip",
            bomb.finish().unwrap(),
            "HTTP 200 with 2068 bytes compressed as gzip, which was not asked for and cannot be read",
        ),
    ] {
        let error = error(&reply(200, &[("content-encoding", coding)], &body));
        assert_eq!(error.cause.as_deref(), Some(cause));
    }
}

#[test]
fn a_reply_in_utf_16_is_read_where_it_says_so() {
    let text = std::str::from_utf8(GOOD).unwrap();
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for body in [[&[0xff, 0xfe], &little[..]].concat(), [&[0xfe, 0xff], &big[..]].concat()] {
        assert_eq!(read(&reply(200, &[], &body)), Ok(grant(Some(300))));
    }
}

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

/// Shapes of errors that issuers, and what stands before them, send.
#[test]
fn each_issuers_error_is_understood() {
    use Kind::*;
    for (status, body, kind, cause, again) in [
        // Okta.
        (
            401,
            r#"{"errorCode":"invalid_client","errorSummary":"Invalid value for 'client_id' parameter.","errorLink":"invalid_client","errorId":"oae1","errorCauses":[]}"#,
            CredentialsRefused,
            "HTTP 401: invalid_client: Invalid value for 'client_id' parameter.; correlation id oae1",
            false,
        ),
        (
            429,
            r#"{"errorCode":"E0000047","errorSummary":"API call exceeded rate limit due to too many requests."}"#,
            RateLimited,
            "HTTP 429: E0000047: API call exceeded rate limit due to too many requests.",
            true,
        ),
        // Entra ID.
        (
            401,
            r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.","error_codes":[7000215],"trace_id":"0e","correlation_id":"6b-9"}"#,
            CredentialsRefused,
            "HTTP 401: invalid_client: AADSTS7000215: Invalid client secret provided.; correlation id 6b-9",
            false,
        ),
        // Keycloak, Auth0.
        (
            401,
            r#"{"error":"unauthorized_client","error_description":"Invalid client or Invalid client credentials"}"#,
            CredentialsRefused,
            "HTTP 401: unauthorized_client: Invalid client or Invalid client credentials",
            false,
        ),
        (
            401,
            r#"{"error":"access_denied","error_description":"Unauthorized"}"#,
            CredentialsRefused,
            "HTTP 401: access_denied: Unauthorized",
            false,
        ),
        (
            400,
            r#"{"errorMessage":"realm disabled"}"#,
            Unavailable,
            "HTTP 400: realm disabled",
            false,
        ),
        // PingOne.
        (
            400,
            r#"{"id":"1","code":"INVALID_REQUEST","message":"The request was invalid","details":[]}"#,
            Configuration,
            "HTTP 400: INVALID_REQUEST: The request was invalid",
            false,
        ),
        // Apigee.
        (
            401,
            r#"{"fault":{"faultstring":"Invalid client identifier {0}","detail":{"errorcode":"oauth.v2.InvalidClientIdentifier"}}}"#,
            CredentialsRefused,
            "HTTP 401: oauth.v2.InvalidClientIdentifier: Invalid client identifier {0}",
            false,
        ),
        (
            200,
            r#"{"fault":{"faultstring":"no","detail":{"errorcode":"oauth.v2.InvalidClientIdentifier"}}}"#,
            CredentialsRefused,
            "HTTP 200: oauth.v2.InvalidClientIdentifier: no",
            false,
        ),
        (
            400,
            r#"{"ErrorCode":"invalid_client","Error":"ClientId is Invalid"}"#,
            Unavailable,
            "HTTP 400: ClientId is Invalid",
            false,
        ),
        // AWS: Cognito, and the API Gateway before it.
        (
            400,
            r#"{"error":"invalid_client"}"#,
            CredentialsRefused,
            "HTTP 400: invalid_client",
            false,
        ),
        (
            400,
            r#"{"__type":"NotAuthorizedException","message":"Unable to verify secret hash"}"#,
            CredentialsRefused,
            "HTTP 400: NotAuthorizedException: Unable to verify secret hash",
            false,
        ),
        (403, r#"{"message":"Forbidden"}"#, Unavailable, "HTTP 403: Forbidden", false),
        // Google, Spring, problem details, Salesforce, JSON:API.
        (
            400,
            r#"{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT"}}"#,
            Unavailable,
            "HTTP 400: INVALID_ARGUMENT: API key not valid.",
            false,
        ),
        (
            404,
            r#"{"timestamp":"2026","status":404,"error":"Not Found","path":"/x"}"#,
            Configuration,
            "HTTP 404: Not Found",
            false,
        ),
        (
            400,
            r#"{"type":"about:blank","title":"Bad Request","detail":"no grant"}"#,
            Unavailable,
            "HTTP 400: about:blank: no grant",
            false,
        ),
        (
            400,
            r#"[{"message":"expired","errorCode":"INVALID_CLIENT"}]"#,
            CredentialsRefused,
            "HTTP 400: INVALID_CLIENT: expired",
            false,
        ),
        (
            400,
            r#"{"errors":[{"code":"x","detail":"the detail"}]}"#,
            Unavailable,
            "HTTP 400: x: the detail",
            false,
        ),
        // Says itself that it may pass.
        (
            400,
            r#"{"error":"temporarily_unavailable"}"#,
            Unavailable,
            "HTTP 400: temporarily_unavailable",
            true,
        ),
        (
            400,
            r#"{"error":"server_error","error_description":"oops"}"#,
            Unavailable,
            "HTTP 400: server_error: oops",
            true,
        ),
        (400, r#"{"error":"slow_down"}"#, RateLimited, "HTTP 400: slow_down", true),
        (
            401,
            r#"{"error":"temporarily_unavailable"}"#,
            Unavailable,
            "HTTP 401: temporarily_unavailable",
            true,
        ),
        (200, r#"{"error":"server_error"}"#, Unavailable, "HTTP 200: server_error", true),
        (
            403,
            r#"{"error":"too_many_requests","error_description":"wait"}"#,
            RateLimited,
            "HTTP 403: too_many_requests: wait",
            true,
        ),
        (408, "", Unavailable, "HTTP 408 with an empty body", true),
        (425, "", Unavailable, "HTTP 425 with an empty body", true),
    ] {
        let failure = read(&reply(status, &[], body.as_bytes())).unwrap_err();
        assert_eq!(failure.error.cause.as_deref(), Some(cause), "{body}");
        assert_eq!(failure.error.kind, kind, "{body}");
        assert_eq!(failure.again != Again::Never, again, "{body}");
    }
}

#[test]
fn a_page_says_what_it_is_and_shows_nothing_like_a_token() {
    let token = "t0ken-".repeat(15);
    for (body, seen) in [
        (
            "<!doctype html><title>Welcome \u{1b}[1mto</title><p>Please log in.",
            ", titled \"Welcome to\"",
        ),
        (
            "<html><style>a{b:c}</style><script>x</script><h1>Please</h1> log in",
            ", which say \"Please log in\"",
        ),
        ("I am a teapot", ", which say \"I am a teapot\""),
        (
            "no ##vso[task.x] s3cret\n::error::",
            ", which say \"no # #vso[task.x] [redacted] ::error::\"",
        ),
        (&format!("it is {token} now"), ", which say \"it is [...] now\""),
        ("t0ken", ""),
        ("access_token=t&expires_in=5", " but a form"),
        ("\"t0ken\"", " but a JSON string"),
        ("[\"t0ken\"]", " but a JSON array"),
        ("[{\"access_token\":\"t\"}]", " but a JSON array"),
        ("{\"access_token\":\"t0ken", ": not JSON at line 1, column 22"),
        ("{\"access_token\":\"t\"}\n{\"access_token\":\"t\"}\n", ": not JSON at line 2, column 1"),
        ("access_token: t0ken secret", ""),
        ("\0\u{1} binary", ""),
    ] {
        let cause = error(&reply(200, &[], body.as_bytes())).cause.unwrap();
        let size = body.len();
        let expected = format!("HTTP 200 with {size} bytes that are not a JSON object{seen}");
        assert_eq!(cause, expected);
    }
}

#[test]
fn an_object_without_a_token_is_told_by_its_members() {
    for (body, cause) in [
        (
            r#"{"data":{"access_token":"t"},"ok":true}"#,
            "HTTP 200 without an access_token; its members are data, ok",
        ),
        (r#"{"accessToken":"t"}"#, "HTTP 200 without an access_token; its members are accessToken"),
        (
            r#"{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1}"#,
            "HTTP 200 without an access_token; its members are a, b, c, d, e, f, ...",
        ),
        (
            r###"{"##vso[x]":1,"s3cret":1,"abcdefghijklmnopqrstuvwxyz":1}"###,
            "HTTP 200 without an access_token; its members are # #vso[x], [...], [redacted]",
        ),
        (
            r#"{"access_token":"t","access_token":"u"}"#,
            "HTTP 200 with access_token more than once, which RFC 6749 section 3.2 forbids",
        ),
        (
            r#"{"access_token":"t","expires_in":1,"expires_in":2}"#,
            "HTTP 200 with expires_in more than once, which RFC 6749 section 3.2 forbids",
        ),
    ] {
        assert_eq!(error(&reply(200, &[], body.as_bytes())).cause.as_deref(), Some(cause));
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
    (200, r#"{"access_token":null}"#, Kind::Unavailable, "HTTP 200 with an access_token that is no string", false),
    (200, r#"{"access_token":7}"#, Kind::Unavailable, "HTTP 200 with an access_token that is no string", false),
    (200, r#"{"access_token":"a\nb"}"#, Kind::Unavailable, "HTTP 200 with an access_token that no header can carry (RFC 6750 section 2.1)", false),
    (200, r#"{"access_token":"a b"}"#, Kind::Unavailable, "HTTP 200 with an access_token that no header can carry (RFC 6750 section 2.1)", false),
    (200, r#"{"access_token":"\u00e9"}"#, Kind::Unavailable, "HTTP 200 with an access_token that no header can carry (RFC 6750 section 2.1)", false),
    (200, r#"{"access_token":"t","token_type":"be\nar"}"#, Kind::Unavailable, "HTTP 200 with a token of type \"be ar\"", false),
    (200, r#"{"access_token":"t","token_type":["bearer"]}"#, Kind::Unavailable, "HTTP 200 with a token_type that is no name", false),
    (200, r#"{"error":"invalid_client"}"#, Kind::CredentialsRefused, "HTTP 200: invalid_client", false),
    (204, "", Kind::Unavailable, "HTTP 204 with an empty body", false),
    (600, "", Kind::Unavailable, "HTTP 600 which is no status of HTTP", false),
    // A lifetime that is of no use.
    (200, r#"{"access_token":"t","expires_in":0}"#, Kind::Lifetime, "the token was dead on arrival: it lives 0 seconds", false),
    (200, r#"{"access_token":"t","expires_in":"-1"}"#, Kind::Lifetime, "the token was dead on arrival: it lives -1 seconds", false),
    (200, r#"{"access_token":"t","expires_in":86400000}"#, Kind::Unavailable, "expires_in is 86400000, 500 days or more: a guess: these are milliseconds", false),
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
    (407, "", Kind::Unavailable, "HTTP 407: a proxy wants credentials", false),
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
    (300, "<html>", Kind::Unavailable, "HTTP 300 which is no answer to a token request", false),
    (304, "", Kind::Unavailable, "HTTP 304 which is no answer to a token request", false),
];

#[test]
fn a_bad_reply_has_one_kind_and_one_cause() {
    for (status, body, kind, cause, again) in BAD {
        let html = ("content-type", "text/html; charset=utf-8");
        let failure = read(&reply(*status, &[html], body.as_bytes())).unwrap_err();
        assert_eq!(failure.error.cause.as_deref(), Some(*cause), "{body}");
        assert_eq!(failure.error.kind, *kind, "{status} {body}");
        assert_eq!(failure.again != Again::Never, *again, "{status} {body}");
        assert!(failure.error.hint.is_some(), "{status} {body}");
        assert!(failure.error.what.contains("login.example"), "{status}");
    }
}

#[test]
fn the_three_lines_of_refused_credentials() {
    let mut reply = reply(400, &[], br#"{"error":"invalid_client"}"#);
    let value = HeaderValue::from_bytes(b"5b2f-11\t\xffx").unwrap();
    reply.headers.insert("inin-correlation-id", value);
    assert_eq!(
        error(&reply).to_string(),
        "error: login.example refused the client's credentials\n  \
         cause: HTTP 400: invalid_client; correlation id 5b2f-11 \u{fffd}x\n  \
         hint: check the client id and secret, that the OAuth client belongs to this region, \
         and that its grant type is Client Credentials"
    );
}

#[test]
fn a_refusal_without_words_shows_what_the_header_says() {
    let challenge = ("www-authenticate", r#"Bearer error="invalid_client", x="s3cret #[""#);
    assert_eq!(
        error(&reply(401, &[challenge], b"")).cause.unwrap(),
        r#"HTTP 401 with an empty body, WWW-Authenticate: Bearer error="invalid_client", x="[redacted] #[""#
    );
}

#[test]
fn a_content_type_is_shown_only_when_it_is_one() {
    for bad in ["\u{1b}[31m", "text", "a/b c", &format!("a/{}", "b".repeat(60))] {
        let mut reply = reply(200, &[], b"x");
        if let Ok(value) = HeaderValue::from_bytes(bad.as_bytes()) {
            reply.headers.insert(CONTENT_TYPE, value);
        }
        let cause = error(&reply).cause.unwrap();
        assert_eq!(cause, "HTTP 200 with 1 bytes that are not a JSON object");
    }
}

/// Wherever it stands, it is looked for in the whole and not in a part that was cut off.
#[test]
fn no_part_of_a_secret_is_shown_from_anywhere() {
    let secret = "the-cl1ent/s3cret of:the<b>test</b>+end";
    let mut secrets = Secrets::default();
    secrets.add(secret);
    let reader = Reader { host: "login.example", secrets: &secrets };
    let json = |value: serde_json::Value| value.to_string();
    for filler in (0..60).step_by(3) {
        let text = "x".repeat(filler) + secret;
        for (headers, body) in [
            (vec![], json(serde_json::json!({ "access_token": "t", "expires_in": text }))),
            (vec![], json(serde_json::json!({ "access_token": "t", "expires_in": [text] }))),
            (vec![], json(serde_json::json!({ "access_token": "t", "token_type": text }))),
            (vec![], json(serde_json::json!({ text.as_str(): 1 }))),
            (vec![], json(serde_json::json!({ "error": text, "message": text, "errorId": text }))),
            (vec![], format!("<title>a {text}</title>")),
            (vec![], format!("<p>a {text}</p>")),
            (vec![], format!("it is {text}")),
            (vec![("x-request-id", text.as_str())], String::new()),
            (vec![("www-authenticate", text.as_str())], String::new()),
        ] {
            for status in [200, 400, 401, 503] {
                let reply = reply(status, &headers, body.as_bytes());
                let failure = reader.read(&reply, Timestamp::UNIX_EPOCH).unwrap_err();
                let shown = failure.error.to_string();
                for part in ["cl1ent", "s3cret", "of:the", "test", "end"] {
                    assert!(!shown.replace("endpoint", "").contains(part), "{body}: {shown}");
                }
            }
        }
    }
    let mut secrets = Secrets::default();
    secrets.add("a-s3cret-of-the-test");
    let reader = Reader { host: "login.example", secrets: &secrets };
    for (name, value) in [
        ("content-type", "text/a-s3cret-of-the-test"),
        ("content-encoding", "a-s3cret-of-the-test"),
        ("location", "https://a-s3cret-of-the-test.example/"),
    ] {
        for status in [200, 302, 401] {
            let failure =
                reader.read(&reply(status, &[(name, value)], b"x"), Timestamp::UNIX_EPOCH);
            let shown = failure.unwrap_err().error.to_string();
            assert!(!shown.contains("s3cret"), "{shown}");
        }
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
fn long_words_are_cut() {
    let body = format!(r#"{{"error":"{}"}}"#, "x".repeat(1_000));
    let cause = error(&reply(400, &[], body.as_bytes())).cause.unwrap();
    assert_eq!(cause, format!("HTTP 400: {}...", "x".repeat(200)));
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
        let again = Again::After(Duration::from_secs(seconds));
        assert_eq!(failure.again, again, "{headers:?}");
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
        assert_eq!(date(&reply(200, &headers, b"").headers), expected, "{headers:?}");
    }
}

#[test]
fn a_secret_in_the_media_type_is_not_shown() {
    let said = error(&reply(200, &[("content-type", "text/s3cret")], b"<html>")).to_string();
    assert!(said.contains("bytes of text/") && !said.contains("s3cret"), "{said}");
}
