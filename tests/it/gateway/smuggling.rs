//! Requests that a front and an upstream could read in two ways. Whatever is
//! sent: the upstream sees nothing, or one well-formed request that the front
//! has seen as well.

use gc_token::internals::sandbox::SandboxConfig;

use super::rig::{Front, runner};
use super::upstream::{Seen, Upstream, ok};
use crate::common::cloud::cloud;

/// A request after its first line; `@` stands for the remaining head with `Host` and the token.
/// Bytes that only look like a request ask for `/smuggled`.
struct Try {
    name: &'static str,
    request: &'static str,
    outcome: Outcome,
}

enum Outcome {
    /// Refused with one of these statuses, or closed without a response; the upstream sees no
    /// request.
    Refused(&'static [u16]),
    /// The upstream sees one request with this body.
    Passed(&'static str),
}

use Outcome::{Passed, Refused};

const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";

const TRIES: &[Try] = &[
    // RFC 9112 section 6.3: the coding counts, and the length goes no further.
    attempt(
        "length and chunks",
        "Content-Length: 44\r\nTransfer-Encoding: chunked\r\n@0\r\n\r\n~",
        Passed(""),
    ),
    attempt(
        "chunks and length",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n@3\r\nabc\r\n0\r\n\r\n",
        Passed("abc"),
    ),
    attempt("two lengths", "Content-Length: 0\r\nContent-Length: 38\r\n@~", Refused(&[400])),
    attempt("two lengths in one", "Content-Length: 0, 38\r\n@~", Refused(&[400])),
    attempt("equal lengths", "Content-Length: 3\r\nContent-Length: 3\r\n@abc", Passed("abc")),
    attempt("a length with a sign", "Content-Length: +3\r\n@abc", Refused(&[400])),
    attempt("a negative length", "Content-Length: -1\r\n@~", Refused(&[400])),
    attempt("a hexadecimal length", "Content-Length: 0x3\r\n@abc", Refused(&[400])),
    attempt("an empty length", "Content-Length:\r\n@~", Refused(&[400])),
    attempt("a huge length", "Content-Length: 99999999999999999999\r\n@~", Refused(&[400])),
    attempt("an unknown coding", "Transfer-Encoding: xchunked\r\n@0\r\n\r\n~", Refused(&[400])),
    attempt(
        "chunks not last",
        "Transfer-Encoding: chunked, identity\r\n@0\r\n\r\n~",
        Refused(&[400]),
    ),
    attempt(
        "two codings",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n@0\r\n\r\n",
        Passed(""),
    ),
    attempt(
        "chunks twice",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n@0\r\n\r\n~",
        Refused(&[400]),
    ),
    attempt("an empty coding", "Transfer-Encoding:\r\n@0\r\n\r\n~", Refused(&[400])),
    attempt("a tab before the coding", "Transfer-Encoding:\tchunked\r\n@0\r\n\r\n", Passed("")),
    attempt(
        "a vertical tab before the coding",
        "Transfer-Encoding: \x0bchunked\r\n@0\r\n\r\n~",
        Refused(&[400]),
    ),
    attempt("a folded field", "X-A: b\r\n Transfer-Encoding: chunked\r\n@", Refused(&[400])),
    attempt("a folded coding", "Transfer-Encoding:\r\n chunked\r\n@0\r\n\r\n~", Refused(&[400])),
    attempt(
        "a space before the colon",
        "Transfer-Encoding : chunked\r\n@0\r\n\r\n~",
        Refused(&[400]),
    ),
    attempt("a space before the name", " Content-Length: 38\r\n@~", Refused(&[400])),
    attempt("a field without a colon", "Nonsense\r\n@", Refused(&[400])),
    attempt("a field without a name", ": x\r\n@", Refused(&[400])),
    attempt("a NUL", "X-A: b\0c\r\n@", Refused(&[400])),
    attempt("a bare CR", "X-A: b\rContent-Length: 38\r\n@~", Refused(&[400])),
    attempt("many fields", "X*1000", Refused(&[431])),
    attempt("a large field", "X*1", Refused(&[431])),
];

/// Chunked bodies that are none. The head is good, so it may have gone on;
/// then the upstream sees that the body did not come to its end.
const BAD_CHUNKS: &[&str] = &[
    "0x5\r\nabcde\r\n0\r\n\r\n",
    "+5\r\nabcde\r\n0\r\n\r\n",
    "-1\r\nabcde\r\n0\r\n\r\n",
    " \r\nabcde\r\n0\r\n\r\n",
    "\r\nabcde\r\n0\r\n\r\n",
    "5\r\nabcdeGET /smuggled HTTP/1.1\r\n\r\n",
    "5\nabcde\n0\n\n",
    "FFFFFFFFFFFFFFFFF\r\nabcde\r\n0\r\n\r\n",
    "g\r\nabcde\r\n0\r\n\r\n",
    "5;a=\"\n\"\r\nabcde\r\n0\r\n\r\n",
    "5 5\r\nabcde\r\n0\r\n\r\n",
    "0\r\nX-A : b\0c\r\n\r\n",
];

const fn attempt(name: &'static str, request: &'static str, outcome: Outcome) -> Try {
    Try { name, request, outcome }
}

/// Sends these bytes and, on the same connection, a good request; returns
/// what the upstream saw.
fn play(front: &Front, upstream: &Upstream, bytes: &[u8]) -> (Vec<u16>, Vec<Seen>) {
    let before = upstream.seen().len();
    let mut client = front.connect();
    let last = front.head("GET", "/second", "Connection: close\r\n");
    let whole = [bytes, last.as_bytes()].concat();
    // One who is refused early may close before all is sent.
    let _ = client.try_write(&whole);
    let mut statuses = Vec::new();
    while let Some(reply) = client.maybe_reply(false) {
        statuses.push(reply.status);
    }
    let seen = upstream.seen().split_off(before);
    for seen in &seen {
        assert!(!seen.line.contains("smuggled"), "{seen:#?}");
        let field = |name| seen.field(name).is_some();
        assert!(!(field("content-length") && field("transfer-encoding")), "{seen:#?}");
    }
    (statuses, seen)
}

#[test]
fn an_ambiguous_head_is_refused() {
    let cloud = cloud(SandboxConfig::default());
    let upstream = Upstream::willing();
    let front = Front::between(&cloud, &upstream);
    for Try { name, request, outcome } in TRIES {
        let rest = front.head("POST", "/first", "");
        let (line, rest) = rest.split_once("\r\n").unwrap();
        let request = match *request {
            "X*1000" => "X-A: b\r\n".repeat(1_000) + "@",
            "X*1" => format!("X-A: {}\r\n@", "b".repeat(200 << 10)),
            request => request.replace('~', SMUGGLED),
        };
        let bytes = format!("{line}\r\n{}", request.replace('@', rest));
        let (statuses, seen) = play(&front, &upstream, bytes.as_bytes());
        match outcome {
            Refused(expected) => {
                assert!(seen.is_empty(), "{name}: {seen:#?}");
                assert!(
                    statuses.iter().all(|status| expected.contains(status)),
                    "{name}: {statuses:?}"
                );
                assert!(statuses.len() <= 1, "{name}: {statuses:?}");
            }
            Passed(body) => {
                assert_eq!(statuses[0], 200, "{name}");
                assert_eq!(seen[0].line, "POST /first HTTP/1.1", "{name}");
                assert_eq!(
                    (seen[0].body.as_slice(), seen[0].whole),
                    (body.as_bytes(), true),
                    "{name}"
                );
                // The second one is the second one, or is refused: what is
                // left in between is refused.
                let lines: Vec<_> = seen[1..].iter().map(|seen| seen.line.as_str()).collect();
                assert!(lines.is_empty() || lines == ["GET /second HTTP/1.1"], "{name}: {lines:?}");
            }
        }
    }
    assert_eq!(front.get("/well").status, 200);
    front.finish();
}

/// Requests that the HTTP library refuses get an error response and a log line, also after a
/// request that was answered.
#[test]
fn malformed_requests_get_an_error_response() {
    let cloud = cloud(SandboxConfig::default());
    let upstream = Upstream::willing();
    let runner = runner(&cloud, &upstream.url());
    let front = Front::start(runner, &["--log-format=json"]);
    let prefix = &front.prefix;
    let large = "X-A: b\r\n".repeat(1_000);
    let tries = [
        (front.head("GET", "/x?q=\"a\"", ""), 400, "percent-encoded"),
        (front.head("GET", "/a b", ""), 400, "percent-encoded"),
        (front.head("GET", "/x", "X-A : b\r\n"), 400, "is not valid HTTP/1.1"),
        (front.head("GET", "/x", &large), 431, "header fields are too large"),
        ("\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\r\n\r\n".to_owned(), 400, "use http://"),
    ];
    for (request, status, words) in &tries {
        for is_second in [false, true] {
            let mut client = front.connect();
            if is_second {
                assert_eq!(client.send(front.head("GET", "/x", "")).status, 200);
                if words.contains("http://") {
                    continue;
                }
            }
            let _ = client.try_write(request);
            let reply = client.reply();
            reply.is_ours(*status);
            assert!(reply.text().contains(words), "{reply:?}");
            assert!(!reply.text().contains(prefix), "{reply:?}");
            assert!(client.is_at_end());
        }
    }
    assert_eq!(front.get("/x").status, 200);
    let said = front.finish().stderr;
    let lines = said.lines().filter(|line| line.contains("\"error\":\"invalid ")).count();
    assert!(lines >= 7, "{said}");
    assert!(said.contains("\"status\":431"), "{said}");
}

/// A client that sends nothing after its request gets its response.
#[test]
fn a_client_that_sends_nothing_more_gets_its_response() {
    let cloud = cloud(SandboxConfig::default());
    let upstream = Upstream::start(|call| {
        call.read();
        std::thread::sleep(std::time::Duration::from_millis(300));
        call.reply(ok("ok"));
    });
    let front = Front::between(&cloud, &upstream);
    for request in
        [front.head("GET", "/x", ""), front.head("POST", "/x", "Content-Length: 3\r\n") + "abc"]
    {
        let mut client = front.connect();
        client.write(request);
        client.no_more();
        let reply = client.reply();
        assert_eq!((reply.status, reply.text()), (200, "ok"));
        assert!(client.is_at_end());
    }
    front.finish();
}

/// A line that ends without CR is allowed by RFC 9112 section 2.2, as long as
/// everybody behind the front sees lines that end properly.
#[test]
fn a_bare_line_feed_is_not_forwarded() {
    let cloud = cloud(SandboxConfig::default());
    let upstream = Upstream::willing();
    let front = Front::between(&cloud, &upstream);
    let request = front.head("POST", "/first", "Content-Length: 3\r\n").replace("\r\n", "\n");
    let (statuses, seen) = play(&front, &upstream, (request + "abc").as_bytes());
    assert_eq!(statuses, [200, 200]);
    assert_eq!(seen[0].body, b"abc");
    assert_eq!(seen[1].line, "GET /second HTTP/1.1");
    front.finish();
}

#[test]
fn a_body_with_bad_chunks_never_looks_complete() {
    let cloud = cloud(SandboxConfig::default());
    let upstream = Upstream::willing();
    let front = Front::between(&cloud, &upstream);
    for chunks in BAD_CHUNKS {
        let head = front.head("POST", "/first", "Transfer-Encoding: chunked\r\n");
        let (statuses, seen) = play(&front, &upstream, (head + chunks).as_bytes());
        assert!(
            statuses.len() <= 1 && statuses.iter().all(|it| *it == 400),
            "{chunks:?}: {statuses:?}"
        );
        assert!(seen.len() <= 1 && seen.iter().all(|seen| !seen.whole), "{chunks:?}: {seen:#?}");
    }
    // An extension means nothing to us, and goes no further.
    let head = front.head("POST", "/first", "Transfer-Encoding: chunked\r\n");
    let (statuses, seen) =
        play(&front, &upstream, (head + "5;ext=1\r\nabcde\r\n0\r\n\r\n").as_bytes());
    assert_eq!(statuses, [200, 200]);
    assert_eq!(seen[0].body, b"abcde");
    front.finish();
}

#[test]
fn requests_to_other_hosts_are_not_forwarded() {
    let cloud = cloud(SandboxConfig::default());
    let upstream = Upstream::willing();
    let front = Front::between(&cloud, &upstream);
    let (address, prefix) = (&front.address, &front.prefix);
    for (bytes, statuses) in [
        (
            format!("GET http://evil.example/{prefix}/x HTTP/1.1\r\nHost: {address}\r\n\r\n"),
            vec![421],
        ),
        (
            format!("GET http://evil.example/{prefix}/x HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
            vec![421],
        ),
        (format!("CONNECT evil.example:443 HTTP/1.1\r\nHost: {address}\r\n\r\n"), vec![405]),
        (format!("CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n\r\n"), vec![405]),
        (format!("TRACE /{prefix}/x HTTP/1.1\r\nHost: {address}\r\n\r\n"), vec![405]),
        (format!("OPTIONS * HTTP/1.1\r\nHost: {address}\r\n\r\n"), vec![403]),
        (format!("GET /{prefix}/x HTTP/1.1\r\n\r\n"), vec![421]),
        (format!("GET /{prefix}/x\r\n"), vec![400]),
        (format!("GET /{prefix}/x HTTP/1.1 x\r\nHost: {address}\r\n\r\n"), vec![400]),
        (format!("GET /{prefix}/x HTTP/3.0\r\nHost: {address}\r\n\r\n"), vec![400]),
        (format!("GET /{prefix}/a b HTTP/1.1\r\nHost: {address}\r\n\r\n"), vec![400]),
        (format!("GET  /{prefix}/x HTTP/1.1\r\nHost: {address}\r\n\r\n"), vec![400]),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), vec![400]),
        ("\u{16}\u{3}\u{1}\u{2}\0\u{1}\0".to_owned(), vec![400]),
    ] {
        let mut client = front.connect();
        client.write(&bytes);
        client.no_more();
        let mut came = Vec::new();
        while let Some(reply) = client.maybe_reply(false) {
            came.push(reply.status);
        }
        assert!(came.is_empty() || came == statuses, "{bytes:?}: {came:?}");
    }
    assert_eq!(upstream.seen().len(), 0);
    for method in ["CONNECT", "TRACE"] {
        let reply = front.connect().send(front.head(method, "/x", ""));
        // A CONNECT with a path is none.
        if reply.status == 400 && method == "CONNECT" {
            continue;
        }
        reply.is_ours(405);
        assert!(reply.field("allow").unwrap().contains("POST"), "{reply:?}");
    }
    let connect = format!("CONNECT api.example:443 HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let reply = front.connect().send(connect);
    reply.is_ours(405);
    assert!(reply.field("allow").unwrap().starts_with("GET, "), "{reply:?}");
    assert_eq!(upstream.seen().len(), 0);
    // The same in absolute form, with the right host, is a request.
    let url = format!("http://{address}/{prefix}/absolute?a");
    let request = front.head("GET", "/x", "").replace(&format!("/{prefix}/x"), &url);
    assert_eq!(front.connect().send(request).status, 200);
    assert_eq!(upstream.one().line, "GET /absolute?a HTTP/1.1");
    front.finish();
}
