//! Bodies of requests that are sent again.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use gc_token::internals::sandbox::SandboxConfig;

use super::rig::Front;
use super::upstream::{Call, Upstream, ok, refusal};
use crate::common::cloud::cloud;
use crate::common::process::wait_until;
use crate::common::{missing, program};

/// Refuses the first token that comes, once it has read the whole body.
fn refusing_first() -> Upstream {
    refusing_first_after(Call::read)
}

fn refusing_first_after(read: impl Fn(&mut Call) + Send + Sync + 'static) -> Upstream {
    let first = std::sync::OnceLock::new();
    Upstream::start(move |call| {
        let first = first.get_or_init(|| call.seen.token());
        if *first == call.seen.token() {
            read(call);
            call.reply(refusal());
        } else {
            call.read();
            call.reply(ok("ok"));
        }
    })
}

/// The bodies that came to their end.
fn bodies(upstream: &Upstream) -> Vec<Vec<u8>> {
    let seen = upstream.seen().into_iter();
    seen.filter(|seen| seen.whole).map(|seen| seen.body).collect()
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index % 251) as u8).collect()
}

#[test]
fn a_body_is_replayed_from_its_beginning() {
    let cloud = cloud(SandboxConfig::default());
    for length in [0, 1, 70_000, 1 << 20] {
        let upstream = refusing_first();
        let front = Front::between(&cloud, &upstream);
        let body = bytes(length);
        let reply = front.post("/x?y", "X-A: b\r\n", &body);
        assert_eq!((reply.status, reply.text()), (200, "ok"), "{length}");
        assert!(bodies(&upstream) == [body.clone(), body], "{length}");
        for seen in upstream.seen() {
            assert_eq!(seen.line, "POST /x?y HTTP/1.1");
            assert_eq!(seen.field("content-length"), Some(length.to_string()));
            assert_eq!(seen.field("x-a").as_deref(), Some("b"));
        }
        front.finish();
    }
}

#[test]
fn a_body_over_the_limit_gets_the_401() {
    let cloud = cloud(SandboxConfig::default());
    let upstream = refusing_first();
    let front = Front::between(&cloud, &upstream);
    let body = bytes((1 << 20) + 1);
    let reply = front.post("/x", "", &body);
    assert_eq!((reply.status, reply.field("x-of").as_deref()), (401, Some("upstream")));
    // The next one has the new token.
    assert_eq!(front.post("/x", "", &body).status, 200);
    assert!(bodies(&upstream) == [body.clone(), body]);
    assert_eq!(cloud.counters().mints, 2);
    front.finish();
}

#[test]
fn chunks_and_trailers_are_replayed() {
    let cloud = cloud(SandboxConfig::default());
    let upstream = refusing_first();
    let front = Front::between(&cloud, &upstream);
    let fields = "Transfer-Encoding: chunked\r\nTE: trailers\r\nTrailer: X-Sum\r\n";
    let chunks = "3\r\nabc\r\nA;ext=1\r\n0123456789\r\n0\r\nX-Sum: 13\r\n\r\n";
    let mut client = front.connect();
    assert_eq!(client.send(front.head("POST", "/x", fields) + chunks).status, 200);
    // Without an end of its own, a body is none the less delimited.
    assert_eq!(client.send(front.head("POST", "/y", fields) + "0\r\n\r\n").status, 200);
    let seen = upstream.seen();
    assert_eq!(seen.len(), 3);
    for seen in &seen[..2] {
        assert_eq!(seen.body, b"abc0123456789");
        assert_eq!(seen.trailers, [("x-sum".to_owned(), "13".to_owned())]);
        assert_eq!(seen.field("te").as_deref(), Some("trailers"));
        assert_eq!(seen.field("transfer-encoding").as_deref(), Some("chunked"));
    }
    assert!(seen[2].whole && seen[2].body.is_empty() && seen[2].trailers.is_empty());
    front.finish();
}

/// The API refuses by the head alone, while the client is still sending.
#[test]
fn a_slow_body_is_replayed_completely() {
    let cloud = cloud(SandboxConfig::default());
    let upstream = refusing_first_after(|call| {
        call.piece();
    });
    let front = Front::between(&cloud, &upstream);
    let descriptors = front.descriptors();
    for round in 0..3 {
        let mut client = front.connect();
        client.write(front.head("POST", "/x", "Content-Length: 6\r\n"));
        client.write("abc");
        // The second attempt has begun: it has what was held.
        let expected = 2 + round;
        wait_until("it is sent again", || {
            upstream.seen().last().is_some_and(|seen| seen.body == b"abc")
                && upstream.seen().len() == expected
        });
        client.write("def");
        assert_eq!(client.reply().status, 200);
        assert_eq!(upstream.seen().last().unwrap().body, b"abcdef");
    }
    assert_eq!(cloud.counters().mints, 2);
    // The attempt that was given up leaves nothing behind.
    wait_until("connections are closed", || {
        upstream.open() <= 1 && front.descriptors() <= descriptors + 1
    });
    front.finish();
}

/// A client that leaves in the middle of its body must not look as if it had
/// come to its end.
#[test]
fn an_incomplete_body_stays_incomplete() {
    let cloud = cloud(SandboxConfig::default());
    let upstream = Upstream::willing();
    let front = Front::between(&cloud, &upstream);
    for fields in ["Content-Length: 10\r\n", "Transfer-Encoding: chunked\r\n"] {
        let mut client = front.connect();
        client.write(front.head("POST", "/x", fields) + "3\r\nabc\r\n");
        wait_until("it arrives", || upstream.seen().last().is_some_and(|it| !it.body.is_empty()));
        drop(client);
        wait_until("it is given up", || upstream.open() == 0);
    }
    assert_eq!(bodies(&upstream), [] as [&[u8]; 0]);
    assert_eq!(front.get("/x").status, 200);
    front.finish();
}

#[test]
fn a_client_that_expects_100_continue_gets_it() {
    let cloud = cloud(SandboxConfig::default());
    let upstream = refusing_first();
    let front = Front::between(&cloud, &upstream);
    let mut client = front.connect();
    let fields = "Expect: 100-continue\r\nContent-Length: 4\r\n";
    client.write(front.head("POST", "/x", fields));
    assert_eq!(client.maybe_head(), Some((100, Vec::new())));
    client.write("body");
    assert_eq!(client.reply().status, 200);
    assert_eq!(bodies(&upstream), [b"body", b"body"]);
    // One who does not wait is served as well.
    client.write(front.head("POST", "/x", fields) + "body");
    assert_eq!(client.reply().status, 100);
    assert_eq!(client.reply().status, 200);
    front.finish();
}

#[test]
fn curl_large_bodies_are_replayed() {
    let Some(curl) = program("curl") else {
        return missing("curl");
    };
    let cloud = cloud(SandboxConfig::default());
    let upstream = refusing_first();
    let front = Front::between(&cloud, &upstream);
    let body = bytes(1 << 20);
    let runner = front.runner.home().join("body");
    std::fs::write(&runner, &body).unwrap();
    for extra in [["-H", "Expect: 100-continue"], ["-H", "Transfer-Encoding: chunked"]] {
        let url = format!("http://{}/{}/x", front.address, front.prefix);
        let mut child = Command::new(&curl)
            .args(["-sS", "--fail", "--noproxy", "*", "-K", "-", "-X", "POST"])
            .args(["--data-binary", &format!("@{}", runner.display())])
            .args(extra)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let config = format!("url = {url}\nheader = \"Authorization: Bearer {}\"\n", front.token);
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), config.as_bytes()).unwrap();
        let mut said = String::new();
        child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(child.wait().unwrap().success());
        assert_eq!(said, "ok");
    }
    assert!(bodies(&upstream) == [body.clone(), body.clone(), body]);
    front.finish();
}

/// The total memory for bodies is limited, and further requests wait. The API rejects the token
/// once the limit is reached, and again as soon as it can.
#[test]
fn many_large_bodies_wait_for_the_buffer() {
    for chunked in [false, true] {
        let cloud = cloud(SandboxConfig::default());
        let come = AtomicUsize::new(0);
        let upstream = refusing_first_after(move |call| {
            call.read();
            come.fetch_add(1, Ordering::SeqCst);
            wait_until("others have come", || come.load(Ordering::SeqCst) >= 8);
        });
        let front = Front::between(&cloud, &upstream);
        let body = bytes(900_000);
        let send = || {
            if !chunked {
                return front.post("/x", "", &body).status;
            }
            let head = front.head("POST", "/x", "Transfer-Encoding: chunked\r\n");
            let size = format!("{:x}\r\n", body.len());
            let whole = [head.as_bytes(), size.as_bytes(), &body, b"\r\n0\r\n\r\n"].concat();
            front.connect().send(whole).status
        };
        let statuses: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..20).map(|_| scope.spawn(send)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(statuses, [200; 20]);
        // All of it was given back.
        assert_eq!(front.post("/x", "", &body).status, 200);
        assert_eq!(cloud.counters().mints, 2);
        assert!(bodies(&upstream).iter().all(|seen| *seen == body));
        front.finish();
    }
}
