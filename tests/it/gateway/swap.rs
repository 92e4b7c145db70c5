//! What is changed on the way, and what is not.

use gc_token::internals::sandbox::SandboxConfig;

use super::rig::Front;
use super::upstream::{Upstream, ok, refusal, reply};
use crate::common::cloud::cloud;
use crate::common::guard::spellings;

#[test]
fn a_token_of_this_run_is_replaced_by_the_current_one() {
    let cloud = cloud(SandboxConfig::default());
    let refused = std::sync::Mutex::new(String::new());
    let upstream = Upstream::start(move |call| {
        // The first token that comes is refused from then on.
        let mut refused = refused.lock().unwrap();
        if refused.is_empty() {
            *refused = call.seen.token();
        }
        let is_refused = *refused == call.seen.token();
        call.reply(if is_refused { refusal() } else { ok("ok") });
    });
    let front = Front::between(&cloud, &upstream);
    assert_eq!(front.get("/first").status, 200);
    let current = front.current();
    assert_ne!(current, front.token);
    for scheme in ["Bearer", "bearer", "BEARER "] {
        let fields = format!("Authorization: {scheme} {}\r\n", front.token);
        assert_eq!(front.connect().send(front.bare("GET", "/later", &fields)).status, 200);
    }
    let tokens: Vec<_> = upstream.seen().iter().map(|seen| seen.token()).collect();
    let expected = [&front.token, &current, &current, &current, &current];
    assert_eq!(tokens.iter().collect::<Vec<_>>(), expected);
    assert_eq!(cloud.counters().mints, 2);
    front.finish();
}

#[test]
fn other_credentials_and_their_401_are_forwarded_unchanged() {
    let cloud = cloud(SandboxConfig::default());
    let upstream = Upstream::start(|call| call.reply(refusal()));
    let front = Front::between(&cloud, &upstream);
    let almost = &front.token[1..];
    let others = [
        format!("Bearer {almost}"),
        "Bearer".to_owned(),
        "Basic dXNlcjpwYXNz".to_owned(),
        format!("Token {}", front.token),
        String::new(),
    ];
    for other in &others {
        let fields = match other.as_str() {
            "" => String::new(),
            other => format!("Authorization: {other}\r\n"),
        };
        let reply = front.connect().send(front.bare("GET", "/x", &fields));
        assert_eq!((reply.status, reply.field("x-of").as_deref()), (401, Some("upstream")));
        assert_eq!(reply.text(), "{\"code\":\"bad.credentials\"}");
    }
    let seen: Vec<_> = upstream.seen();
    let came: Vec<_> = seen.iter().map(|seen| seen.field("authorization")).collect();
    let sent: Vec<_> =
        others.into_iter().map(|other| (!other.is_empty()).then_some(other)).collect();
    assert_eq!(came, sent);
    assert_eq!(cloud.counters().mints, 1);
    assert_eq!(front.finish().stderr, "");
}

#[test]
fn a_request_is_forwarded_unchanged() {
    let cloud = cloud(SandboxConfig::default());
    let upstream = Upstream::willing();
    let front = Front::between(&cloud, &upstream);
    let mut client = front.connect();
    let paths = [
        "/api/v2/users?name=a%20b&name=%C3%A9&x=[1]|2",
        "/a/../b/./c%2Fd;v=1",
        "/?",
        "/empty?",
        "/token?access_token=x",
    ];
    for path in paths {
        assert_eq!(client.send(front.head("GET", path, "")).status, 200);
        assert_eq!(upstream.seen().pop().unwrap().line, format!("GET {path} HTTP/1.1"));
    }
    for method in ["DELETE", "PATCH", "OPTIONS", "PURGE", "M-SEARCH"] {
        assert_eq!(client.send(front.head(method, "/x", "")).status, 200);
        assert_eq!(upstream.seen().pop().unwrap().line, format!("{method} /x HTTP/1.1"));
    }
    let fields = "Accept-Encoding: gzip, br\r\nX-Many: 1\r\nCookie: a=b\r\nX-Many: 2\r\n\
                  Content-Encoding: gzip\r\nUser-Agent: \tthe  client \r\n\
                  Connection: X-Mine, close\r\nX-Mine: 1\r\nKeep-Alive: timeout=5\r\n\
                  Proxy-Authorization: Basic eDp5\r\nContent-Length: 4\r\n";
    let body = [0x1f, 0x8b, 0x00, 0xff];
    let head = front.head("PUT", "/x", fields);
    let reply = client.send([head.as_bytes(), &body].concat());
    assert_eq!((reply.status, reply.field("connection").as_deref()), (200, Some("close")));
    assert!(client.is_at_end());
    let seen = upstream.seen().pop().unwrap();
    let host = format!("127.0.0.1:{}", upstream.port);
    let expected = [
        ("accept-encoding", Some("gzip, br")),
        ("x-many", Some("1, 2")),
        ("cookie", Some("a=b")),
        ("content-encoding", Some("gzip")),
        ("user-agent", Some("the  client")),
        ("content-length", Some("4")),
        ("via", None),
        ("host", Some(&*host)),
        ("connection", None),
        ("x-mine", None),
        ("keep-alive", None),
        ("proxy-authorization", None),
        ("transfer-encoding", None),
        ("accept", None),
    ];
    for (name, value) in expected {
        assert_eq!(seen.field(name).as_deref(), value, "{name}");
    }
    assert_eq!(seen.body, body);
    assert_eq!(seen.token(), front.token);
    front.finish();
}

/// RFC 9110 section 8.6: a method that expects content has its length, even
/// where there is none; some servers answer 411 otherwise.
#[test]
fn an_empty_body_keeps_its_length() {
    let cloud = cloud(SandboxConfig::default());
    let upstream = Upstream::willing();
    let front = Front::between(&cloud, &upstream);
    for method in ["POST", "PUT", "PATCH"] {
        let reply = front.connect().send(front.head(method, "/x", "Content-Length: 0\r\n"));
        assert_eq!(reply.status, 200);
        assert_eq!(upstream.seen().pop().unwrap().field("content-length").as_deref(), Some("0"));
    }
    front.get("/x");
    assert_eq!(upstream.seen().pop().unwrap().field("content-length"), None);
    front.finish();
}

#[test]
fn a_response_is_forwarded_unchanged() {
    let cloud = cloud(SandboxConfig::default());
    let upstream = Upstream::start(|call| {
        let date = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
        call.reply(match call.seen.line.split(' ').nth(1).unwrap() {
            "/204" => format!("HTTP/1.1 204 No Content\r\n{date}\r\n"),
            "/304" => format!("HTTP/1.1 304 Not Modified\r\n{date}ETag: \"x\"\r\n\r\n"),
            "/head" => format!("HTTP/1.1 200 OK\r\n{date}Content-Length: 12345\r\n\r\n"),
            "/undated" => ok("ok"),
            "/429" => reply(
                "429 Too Many Requests",
                "Retry-After: 7\r\nX-Many: 1\r\nX-Many: 2\r\nContent-Encoding: br\r\n\
                 Server: theirs\r\nConnection: X-Mine\r\nX-Mine: 1\r\n",
                "slow down",
            ),
            "/503" => reply("503 Service Unavailable", "Retry-After: 1\r\n", "\0\u{1}"),
            "/100" => format!("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n{}", ok("ok")),
            _ => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
                  3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
                .to_owned(),
        });
    });
    let front = Front::between(&cloud, &upstream);
    let mut client = front.connect();
    let date = Some("Sun, 06 Nov 1994 08:49:37 GMT".to_owned());
    let empty = client.send(front.head("GET", "/204", ""));
    assert_eq!((empty.status, empty.field("date")), (204, date.clone()));
    assert_eq!((empty.field("content-length"), empty.field("transfer-encoding")), (None, None));
    let same = client.send(front.head("GET", "/304", ""));
    assert_eq!((same.status, same.field("date")), (304, date.clone()));
    assert_eq!(same.field("etag").as_deref(), Some("\"x\""));
    client.write(front.head("HEAD", "/head", ""));
    let head = client.reply_to_head();
    assert_eq!((head.status, head.field("date")), (200, date));
    assert_eq!(head.field("content-length").as_deref(), Some("12345"));
    let undated = client.send(front.head("GET", "/undated", ""));
    assert_eq!((undated.text(), undated.field("date")), ("ok", None));
    let limited = client.send(front.head("GET", "/429", ""));
    assert_eq!((limited.status, limited.text()), (429, "slow down"));
    for (name, value) in [
        ("retry-after", Some("7")),
        ("x-many", Some("1, 2")),
        ("content-encoding", Some("br")),
        ("server", Some("theirs")),
        ("x-mine", None),
    ] {
        assert_eq!(limited.field(name).as_deref(), value, "{name}");
    }
    let down = client.send(front.head("GET", "/503", ""));
    assert_eq!((down.status, down.body.as_slice()), (503, b"\0\x01".as_slice()));
    assert_eq!(down.field("retry-after").as_deref(), Some("1"));
    assert_eq!(client.send(front.head("GET", "/100", "")).text(), "ok");
    assert_eq!(client.send(front.head("GET", "/chunked", "")).text(), "abcde");
    // One who does not know chunks gets none.
    let old = front.head("GET", "/chunked", "").replace("HTTP/1.1\r", "HTTP/1.0\r");
    let reply = client.send(old);
    assert_eq!((reply.text(), reply.field("transfer-encoding")), ("abcde", None));
    assert_eq!(upstream.seen().pop().unwrap().line, "GET /chunked HTTP/1.1");
    assert_eq!(cloud.counters().mints, 1);
    front.finish();
}

#[test]
fn an_unusable_upstream_is_reported_in_the_apis_format() {
    let cloud = cloud(SandboxConfig::default());
    let upstream = Upstream::start(|call| match call.seen.line.split([' ', '?']).nth(1).unwrap() {
        "/reset" => call.reset(),
        "/close" => call.leave(),
        "/garbage" => {
            call.reply("SSH-2.0-OpenSSH_9.6\r\n");
            call.leave();
        }
        "/two-lengths" => call.reply(reply("200 OK", "Content-Length: 3\r\n", "ok")),
        "/long" => call.reply(format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(1 << 20))),
        "/half" => {
            call.reply("HTTP/1.1 200 OK\r\nContent-Le");
            call.leave();
        }
        _ => call.reply(ok("ok")),
    });
    let front = Front::between(&cloud, &upstream);
    for path in ["/reset", "/close", "/garbage", "/two-lengths", "/long", "/half"] {
        let reply = front.get(&format!("{path}?code={}", spellings()[3]));
        reply.is_ours(502);
        assert!(!reply.text().contains(&front.prefix), "{reply:?}");
    }
    assert_eq!(front.get("/well").text(), "ok");
    front.finish();

    let gone = super::rig::runner(&cloud, "http://127.0.0.1:9");
    let front = Front::start(gone, &[]);
    front.get("/x").is_ours(502);
    front.finish();
}

/// An incomplete response must not look complete.
#[test]
fn an_incomplete_response_is_incomplete_for_the_client() {
    let cloud = cloud(SandboxConfig::default());
    let upstream = Upstream::start(|call| {
        call.reply(match call.seen.line.contains("chunked") {
            true => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
            false => "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        });
        call.leave();
    });
    let front = Front::between(&cloud, &upstream);
    for path in ["/chunked", "/length"] {
        let mut client = front.connect();
        client.write(front.head("GET", path, ""));
        assert_eq!(client.maybe_head().unwrap().0, 200);
        let mut body = Vec::new();
        while !client.is_at_end() {
            body.extend(client.some());
        }
        let expected: &[u8] = if path == "/chunked" { b"3\r\nabc\r\n" } else { b"abc" };
        assert_eq!(body, expected, "{path}");
    }
    front.finish();
}
