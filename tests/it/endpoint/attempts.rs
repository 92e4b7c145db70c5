//! Requests, replies, and attempts.

use std::time::Duration;

use gc_token::internals::config::ClientAuth;
use gc_token::internals::context::{Clock, SystemClock};
use gc_token::internals::error::Kind;
use jiff::SignedDuration;

use crate::endpoint::server::{Server, Step, reply};
use crate::endpoint::setup::{BASIC, GOOD, SECRET, Setup, TOKEN};

#[test]
fn a_token_comes_with_what_was_measured_around_it() {
    let date = "Date: Tue, 14 Nov 2023 22:13:20 GMT\r\n";
    let server = Server::start(vec![reply(200, date, GOOD)]);
    let token = Setup::http(&server).mint().token();
    assert_eq!(token.access_token.expose(), TOKEN);
    assert_eq!(token.validity.lifetime, SignedDuration::from_secs(300));
    // The issuer's clock stands in 2023, whatever the local one shows.
    let end = token.validity.expires_at().as_second();
    assert!((1_700_000_280..=1_700_000_300).contains(&end), "{end}");
    let requests = server.requests();
    let [request] = requests.as_slice() else {
        panic!("{requests:?}");
    };
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert_eq!(body, "grant_type=client_credentials");
    let mut lines: Vec<_> = head.lines().map(str::to_ascii_lowercase).collect();
    assert_eq!(lines.remove(0), "post /oauth/token http/1.1");
    lines.sort();
    let expected = [
        "accept: application/json".to_owned(),
        format!("authorization: basic {}", BASIC.to_ascii_lowercase()),
        "content-length: 29".to_owned(),
        "content-type: application/x-www-form-urlencoded".to_owned(),
        format!("host: 127.0.0.1:{}", server.port),
        format!("user-agent: gc-token/{}", env!("CARGO_PKG_VERSION")),
    ];
    assert_eq!(lines, expected);
}

#[test]
fn post_sends_the_credentials_in_the_form_only() {
    let server = Server::start(vec![reply(200, "", GOOD)]);
    let mut setup = Setup::http(&server);
    setup.auth = ClientAuth::Post;
    setup.mint().token();
    let request = server.requests().remove(0);
    assert!(!request.to_ascii_lowercase().contains("authorization"));
    let body = "grant_type=client_credentials&client_id=the-client\
                &client_secret=the-s3cret%2Fof%3Athe+client";
    assert!(request.ends_with(body), "{request}");
}

#[test]
fn passing_failures_are_tried_again() {
    let rate = r#"{"error":"invalid_request","error_description":"rate limit exceeded; wait"}"#;
    for (name, step) in [
        ("500", reply(500, "", "{}")),
        ("503 with HTML", reply(503, "", "<html>busy</html>")),
        ("429", reply(429, "Retry-After: 0\r\n", "")),
        ("the vendor's rate limit", reply(400, "", rate)),
        ("temporarily unavailable", reply(400, "", r#"{"error":"temporarily_unavailable"}"#)),
        ("an error of the server", reply(400, "", r#"{"error":"server_error"}"#)),
        ("too fast", reply(400, "", r#"{"error":"slow_down"}"#)),
        ("a request that came too slowly", reply(408, "", "")),
        ("a dropped connection", Step::Drop),
        (
            "a cut reply",
            Step::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"access".to_vec()),
        ),
    ] {
        let server = Server::start(vec![step.clone(), step, reply(200, "", GOOD)]);
        let mint = Setup::http(&server).mint();
        assert!(mint.reporter.contains("attempt 2: "), "{name}: {}", mint.reporter);
        mint.token();
        assert_eq!(server.requests().len(), 3, "{name}");
    }
}

#[test]
fn a_head_that_is_too_large_is_told_as_it_is() {
    for head in ["X-A: b\r\n".repeat(300), format!("X-A: {}\r\n", "b".repeat(1 << 20))] {
        let server = Server::start(vec![reply(200, &head, GOOD)]);
        let error = Setup::http(&server).mint().error();
        let cause = error.cause.unwrap();
        let words = "answered with a head that is too large, or has too many fields";
        assert!(cause.ends_with(words), "{cause}");
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn a_token_comes_in_any_reply_of_success() {
    let gzip = {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut gzip, GOOD.as_bytes()).unwrap();
        gzip.finish().unwrap()
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        gzip.len()
    );
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{GOOD}\r\n0\r\n\r\n",
        GOOD.len()
    );
    for (name, step) in [
        ("201", reply(201, "", GOOD)),
        ("203", reply(203, "", GOOD)),
        ("206", reply(206, "Content-Range: bytes 0-1/2\r\n", GOOD)),
        ("a byte order mark", reply(200, "", &format!("\u{feff}{GOOD}"))),
        ("gzip", Step::Send([head.as_bytes(), &gzip].concat())),
        ("chunked", Step::Send(chunked.into_bytes())),
        ("another content type", reply(200, "Content-Type: text/html\r\n", GOOD)),
        ("no length", Step::Send(format!("HTTP/1.0 200 OK\r\n\r\n{GOOD}").into_bytes())),
    ] {
        let server = Server::start(vec![step]);
        let mint = Setup::http(&server).mint();
        assert_eq!(server.requests().len(), 1, "{name}: {}", mint.reporter);
        mint.token();
    }
}

/// A body that never ends is given up by its size, or by the time limit.
#[test]
fn a_reply_without_an_end_is_given_up() {
    let mut endless = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..1_025 {
        endless.extend_from_slice(b"400\r\n");
        endless.extend_from_slice(&[b' '; 1_024]);
        endless.extend_from_slice(b"\r\n");
    }
    let server = Server::start(vec![Step::Send(endless)]);
    let cause = Setup::http(&server).mint().error().cause.unwrap();
    assert!(cause.contains("with more than 1024 KiB"), "{cause}");
}

#[test]
fn a_body_that_is_framed_wrongly_is_told_in_a_sentence() {
    let reply = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n";
    let server = Server::start(vec![Step::Send(reply.as_bytes().to_vec())]);
    let cause = Setup::http(&server).mint().error().cause.unwrap();
    let begin = format!("the exchange with 127.0.0.1:{} failed: ", server.port);
    assert!(cause.starts_with(&begin), "{cause}");
}

#[test]
fn final_failures_are_not_tried_again() {
    let refused = r#"{"error":"invalid_client","description":"client not found","error_description":"client not found"}"#;
    let tail = format!("no {SECRET} and no {BASIC}");
    let echo = format!(r#"{{"error":"invalid_client","error_description":"{tail}"}}"#);
    let id = "ININ-Correlation-Id: 5b2f\r\n";
    for (step, kind, cause) in [
        (
            reply(400, id, refused),
            Kind::CredentialsRefused,
            "HTTP 400: invalid_client: client not found; correlation id 5b2f",
        ),
        (
            reply(401, "", &echo),
            Kind::CredentialsRefused,
            "HTTP 401: invalid_client: no [redacted] and no [redacted]",
        ),
        (
            reply(302, "Location: https://portal.example/login?t=x\r\n", ""),
            Kind::Unavailable,
            "HTTP 302: a redirect to portal.example, which is not followed",
        ),
        (
            reply(200, "", "<html>welcome</html>"),
            Kind::Unavailable,
            "HTTP 200 with 20 bytes of application/json that are not a JSON object",
        ),
    ] {
        let server = Server::start(vec![step, reply(200, "", GOOD)]);
        let error = Setup::http(&server).mint().error();
        assert_eq!(error.cause.as_deref(), Some(cause));
        assert_eq!(error.kind, kind);
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn six_attempts_are_enough() {
    let server = Server::start(vec![reply(503, "", "")]);
    let error = Setup::http(&server).mint().error();
    assert_eq!(error.kind, Kind::Unavailable);
    assert_eq!(error.message, format!("no token from 127.0.0.1:{} after 6 attempts", server.port));
    assert_eq!(error.cause.as_deref(), Some("HTTP 503 with an empty body"));
    assert_eq!(server.requests().len(), 6);
}

#[test]
fn a_wait_that_the_issuer_asks_for_is_kept() {
    let server = Server::start(vec![reply(429, "Retry-After: 1\r\n", ""), reply(200, "", GOOD)]);
    let begin = Clock::read(&SystemClock::default());
    Setup::http(&server).mint().token();
    let took = Clock::read(&SystemClock::default()).boot - begin.boot;
    assert!(took >= SignedDuration::from_secs(1), "{took}");
}

#[test]
fn a_wait_past_the_time_limit_is_not_begun() {
    let server = Server::start(vec![reply(429, "Retry-After: 3600\r\n", "")]);
    let error = Setup::http(&server).mint().error();
    assert_eq!(error.kind, Kind::RateLimited);
    let cause = error.cause.unwrap();
    assert!(
        cause.starts_with("HTTP 429 with an empty body; the next attempt in 3600")
            && cause.ends_with(" would be past the time limit of 20s"),
        "{cause}"
    );
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn the_time_limit_is_hard() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n".to_vec();
    let pause = Duration::from_millis(50);
    for step in [Step::Hang, Step::Trickle(head, pause)] {
        let server = Server::start(vec![step]);
        let setup = Setup::http(&server).timeout(Duration::from_millis(300));
        let error = setup.mint().error();
        assert_eq!(error.kind, Kind::Unavailable);
        assert_eq!(error.message, format!("no token from 127.0.0.1:{} within 300ms", server.port));
        assert_eq!(error.cause.as_deref(), Some("no complete response to attempt 1"));
    }
}

#[test]
fn the_time_limit_tells_what_was_seen_before() {
    let server = Server::start(vec![reply(500, "", r#"{"error":"oops"}"#), Step::Hang]);
    let setup = Setup::http(&server).timeout(Duration::from_secs(1));
    let error = setup.mint().error();
    assert_eq!(
        error.cause.as_deref(),
        Some("no complete response to attempt 2; before that: HTTP 500: oops")
    );
}

#[test]
fn a_huge_reply_is_refused_announced_or_not() {
    let body = " ".repeat(1024 * 1024 + 1);
    let mut unannounced = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    unannounced.extend_from_slice(body.as_bytes());
    for step in [reply(200, "", &body), Step::Send(unannounced)] {
        let server = Server::start(vec![step]);
        let error = Setup::http(&server).mint().error();
        assert_eq!(error.kind, Kind::Unavailable);
        assert_eq!(
            error.cause.unwrap(),
            format!(
                "127.0.0.1:{} answered HTTP 200 with more than 1024 KiB, too much for a token response",
                server.port
            )
        );
        assert_eq!(server.requests().len(), 1);
    }
    // One that only announces it is not waited for.
    let announced = b"HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n".to_vec();
    let server = Server::start(vec![Step::Send(announced)]);
    let cause = Setup::http(&server).mint().error().cause.unwrap();
    assert!(cause.contains("with more than 1024 KiB"), "{cause}");
    // The largest reply that is read.
    let good = format!("{GOOD}{}", " ".repeat(1024 * 1024 - GOOD.len()));
    let server = Server::start(vec![reply(200, "", &good)]);
    Setup::http(&server).mint().token();
}
