//! Bodies that are compressed, of another encoding, or no token reply at all.

use super::*;

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
            "HTTP 200 with 60 bytes compressed as br, which was not requested and cannot be read",
        ),
        (
            "zstd",
            gzip.clone(),
            "HTTP 200 with 60 bytes compressed as zstd, which was not requested and cannot be read",
        ),
        (
            "gzip",
            gzip[..30].to_vec(),
            "HTTP 200 with 30 bytes compressed as gzip, which was not requested and cannot be read",
        ),
        (
            "##vso[",
            gzip.clone(),
            "HTTP 200 with 60 bytes compressed as an unknown coding, which was not requested and cannot be read",
        ),
        ("gzip", Vec::new(), "HTTP 200 with an empty body"),
        (
            "gzip",
            bomb.finish().unwrap(),
            "HTTP 200 with 2068 bytes compressed as gzip, which was not requested and cannot be read",
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
            "HTTP 200 with access_token repeated, which RFC 6749 section 3.2 forbids",
        ),
        (
            r#"{"access_token":"t","expires_in":1,"expires_in":2}"#,
            "HTTP 200 with expires_in repeated, which RFC 6749 section 3.2 forbids",
        ),
    ] {
        assert_eq!(error(&reply(200, &[], body.as_bytes())).cause.as_deref(), Some(cause));
    }
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

#[test]
fn long_words_are_cut() {
    let body = format!(r#"{{"error":"{}"}}"#, "x".repeat(1_000));
    let cause = error(&reply(400, &[], body.as_bytes())).cause.unwrap();
    assert_eq!(cause, format!("HTTP 400: {}...", "x".repeat(200)));
}
