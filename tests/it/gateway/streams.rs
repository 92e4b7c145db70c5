//! Large bodies, slow ones, and many requests: nothing piles up.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gc_token::internals::sandbox::SandboxConfig;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::rig::{Front, runner};
use super::upstream::{Upstream, ok};
use crate::common::cloud::cloud;
use crate::common::process::wait_until;

const MIB: usize = 1 << 20;
const LARGE: usize = 50 * MIB;

/// More than a request may take while it is passed on: what is held of a body
/// for another attempt, and buffers.
const FLAT: u64 = 8 << 10;

/// A piece of a large body, which depends on its position.
fn piece(number: usize) -> Vec<u8> {
    (0..MIB).map(|index| ((index + number) % 251) as u8).collect()
}

#[test]
fn a_large_body_takes_no_memory() {
    let cloud = cloud(SandboxConfig::default());
    let upstream = Upstream::start(|call| {
        if call.seen.line.starts_with("GET") {
            call.reply(format!("HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n"));
            for number in 0..50 {
                call.reply(piece(number));
            }
            return;
        }
        call.read();
        call.reply(ok("ok"));
    });
    let front = Front::between(&cloud, &upstream);
    assert_eq!(front.post("/x", "", b"warm").status, 200);
    let before = front.memory("VmHWM");
    let mut client = front.connect();
    let length = format!("Content-Length: {LARGE}\r\n");
    client.write(front.head("PUT", "/up", &length));
    (0..50).for_each(|number| client.write(piece(number)));
    assert_eq!(client.reply().status, 200);
    let arrived = upstream.seen().pop().unwrap();
    assert_eq!(arrived.body.len(), LARGE);
    assert!((0..50).all(|number| arrived.body[number * MIB..][..MIB] == piece(number)));
    client.write(front.head("GET", "/down", ""));
    let (status, fields) = client.maybe_head().unwrap();
    assert_eq!(status, 200);
    assert!(fields.contains(&("content-length".into(), LARGE.to_string())), "{fields:?}");
    for number in 0..50 {
        let mut came = vec![0; MIB];
        client.read_exact(&mut came);
        assert!(came == piece(number), "piece {number}");
    }
    let grown = front.memory("VmHWM") - before;
    assert!(grown < FLAT, "{grown} KiB");
    front.finish();
}

/// The buffer for a client that does not read is bounded.
#[test]
fn unread_responses_do_not_accumulate() {
    const CLIENTS: usize = 200;
    let cloud = cloud(SandboxConfig::default());
    let bytes = piece(0);
    let upstream = Upstream::start(move |call| {
        call.reply(format!("HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n"));
        (0..50).for_each(|_| call.reply(&bytes));
    });
    let front = Front::between(&cloud, &upstream);
    let before = front.memory("VmHWM");
    let mut clients: Vec<_> = (0..CLIENTS).map(|_| front.connect()).collect();
    for client in &mut clients {
        client.write(front.head("GET", "/down", ""));
    }
    wait_until("all are asked for", || upstream.seen().len() == CLIENTS);
    for client in &mut clients {
        assert_eq!(client.maybe_head().unwrap().0, 200);
    }
    // As long as it grows, the end has not come.
    let mut grown = front.memory("VmHWM") - before;
    loop {
        std::thread::sleep(std::time::Duration::from_millis(500));
        let now = front.memory("VmHWM") - before;
        if now == grown {
            break;
        }
        grown = now;
    }
    crate::common::say(&format!("{CLIENTS} answers that nobody reads take {grown} KiB"));
    assert!(grown < CLIENTS as u64 * 256, "{grown} KiB");
    drop(clients);
    front.finish();
}

/// Backpressure: the gateway reads no faster than its client.
#[test]
fn a_slow_reader_slows_the_upstream() {
    let cloud = cloud(SandboxConfig::default());
    let sent = Arc::new(AtomicBool::new(false));
    let all = sent.clone();
    let upstream = Upstream::start(move |call| {
        call.reply(format!("HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n"));
        (0..50).for_each(|number| call.reply(piece(number)));
        all.store(true, Ordering::SeqCst);
    });
    let front = Front::between(&cloud, &upstream);
    let before = front.memory("VmHWM");
    let mut client = front.connect();
    client.write(front.head("GET", "/down", ""));
    client.maybe_head().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert!(!sent.load(Ordering::SeqCst), "all of it went somewhere");
    let grown = front.memory("VmHWM") - before;
    assert!(grown < FLAT, "{grown} KiB");
    drop(client);
    wait_until("the upstream is let go", || upstream.open() == 0);
    front.finish();
}

#[test]
fn chunks_are_forwarded_as_they_arrive() {
    let cloud = cloud(SandboxConfig::default());
    let upstream = Upstream::start(|call| {
        if call.seen.line.starts_with("POST") {
            // The first piece is here before the client sends the last.
            let first = call.piece().unwrap();
            assert_eq!(first, b"first");
            call.read();
            return call.reply(ok("ok"));
        }
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n";
        call.reply(format!("{head}5\r\nfirst\r\n"));
        call.wait_for_byte();
        call.reply("4\r\nlast\r\n0\r\nX-Sum: 9\r\n\r\n");
        call.leave();
    });
    let front = Front::between(&cloud, &upstream);
    let mut client = front.connect();
    client.write(front.head("POST", "/x", "Transfer-Encoding: chunked\r\n") + "5\r\nfirst\r\n");
    wait_until("it arrives", || upstream.seen().last().is_some_and(|it| it.body == b"first"));
    client.write("4\r\nlast\r\n0\r\n\r\n");
    assert_eq!(client.reply().status, 200);
    assert_eq!(upstream.seen().pop().unwrap().body, b"firstlast");

    let fields = "Transfer-Encoding: chunked\r\nTE: trailers\r\n";
    client.write(front.head("PUT", "/x", fields));
    assert_eq!(client.maybe_head().unwrap().0, 200);
    assert_eq!(client.chunk().unwrap(), b"first");
    // The answer goes on when the request does.
    client.write("2\r\ngo\r\n0\r\n\r\n");
    assert_eq!(client.chunk().unwrap(), b"last");
    assert_eq!(client.chunk(), None);
    assert_eq!(client.trailers(), [("x-sum".to_owned(), "9".to_owned())]);
    front.finish();
}

/// A server that is as fast as can be: it knows nothing of HTTP but where a
/// request without a body ends.
fn tiny() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(|| serve(stream.unwrap()));
        }
    });
    url
}

fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut bytes, mut held) = ([0; 16 << 10], Vec::new());
    loop {
        let count = stream.read(&mut bytes)?;
        if count == 0 {
            return Ok(());
        }
        held.extend_from_slice(&bytes[..count]);
        while let Some(end) = held.windows(4).position(|it| it == b"\r\n\r\n") {
            held.drain(..end + 4);
            stream.write_all(ok("ok").as_bytes())?;
        }
    }
}

#[test]
fn ten_thousand_requests_leak_nothing() {
    let cloud = cloud(SandboxConfig::default());
    let front = Front::start(runner(&cloud, &tiny()), &[]);
    let work = |requests: usize| {
        std::thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| {
                    let mut client = front.connect();
                    for _ in 0..requests / 20 {
                        assert_eq!(client.send(front.head("GET", "/x", "")).status, 200);
                    }
                });
            }
        });
    };
    work(2_000);
    let clients_are_gone = || front.descriptors() <= 60;
    wait_until("connections are closed", clients_are_gone);
    let before = (front.memory("VmRSS"), front.descriptors());
    work(10_000);
    // Clients are gone; those to the upstream are kept for a while.
    wait_until("connections are closed", || front.descriptors() <= before.1.max(40));
    let after = (front.memory("VmRSS"), front.descriptors());
    assert!(after.0 < before.0 + 1_024, "{before:?} {after:?}");
    crate::common::say(&format!("memory and descriptors: {before:?}, then {after:?}"));
    front.finish();
}

/// Connections up to the limit are accepted; the next one waits, and no request is lost.
#[test]
fn idle_connections_are_cheap_and_limited() {
    // Here and there; many systems begin with 1024.
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    let cloud = cloud(SandboxConfig::default());
    let upstream = Upstream::willing();
    let front = Front::between(&cloud, &upstream);
    let before = front.memory("VmRSS");
    let busy = |_| {
        let mut client = front.connect();
        assert_eq!(client.send(front.head("GET", "/x", "")).status, 200);
        client
    };
    let mut idle: Vec<_> = (0..200).map(busy).collect();
    let grown = front.memory("VmRSS") - before;
    crate::common::say(&format!("200 connections take {grown} KiB"));
    assert!(grown < 10 << 10, "{grown} KiB");
    idle.extend((200..1_024).map(busy));
    let mut late = front.connect();
    late.write(front.head("GET", "/late", ""));
    let served = |seen: Vec<super::upstream::Seen>| seen.iter().any(|it| it.line.contains("/late"));
    // The others are served before it is let in.
    for client in &mut idle[..50] {
        assert_eq!(client.send(front.head("GET", "/x", "")).status, 200);
    }
    assert!(!served(upstream.seen()));
    idle.pop();
    assert_eq!(late.reply().status, 200);
    front.finish();
}
