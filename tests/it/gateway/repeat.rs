//! Connections to the API that end at the wrong moment: a request is sent again
//! where that makes no difference, and nowhere else.

use std::sync::atomic::{AtomicUsize, Ordering};

use gc_token::internals::sandbox::SandboxConfig;

use super::frames::{Host, Mood};
use super::http2::trusting;
use super::rig::{Front, runner};
use super::upstream::{Call, Upstream, ok};
use crate::common::cloud::cloud;
use crate::common::process::wait_until;

/// A gateway before a host that speaks HTTP/2.
fn front(host: &Host, args: &[&str]) -> Front {
    let url = format!("https://localhost:{}", host.port);
    let cloud = cloud(SandboxConfig::default());
    Front::start(trusting(runner(&cloud, &url), &host.pem), args)
}

#[test]
fn unprocessed_requests_are_retried() {
    for mood in [Mood::SaysGoodbye, Mood::Refuses] {
        let host = Host::start(vec![Mood::Answers, mood, mood, Mood::Answers]);
        let front = front(&host, &["--metrics-file=metrics"]);
        assert_eq!(front.post("/x", "", b"first").status, 200);
        assert_eq!(front.post("/x", "", b"second").status, 200, "{mood:?}");
        assert_eq!(host.bodies(), ["first", "second", "second", "second"], "{mood:?}");
        let runner = front.finish_and_keep().1;
        let metrics = std::fs::read_to_string(runner.home().join("metrics")).unwrap();
        assert!(
            metrics.contains("\ngc_token_retries_total{reason=\"unprocessed\"} 2\n"),
            "{mood:?}: {metrics}"
        );
    }
}

/// The library drops such a request and does not tell that nobody has seen it.
#[test]
fn requests_that_wait_for_a_stream_are_retried_after_goaway() {
    let host = Host::leaving_at_once();
    let front = front(&host, &[]);
    assert_eq!(front.post("/x", "", b"abc").status, 200);
    assert_eq!(host.bodies(), ["abc"]);
    assert_eq!(host.connections(), 2);
    front.finish();
}

#[test]
fn eleven_attempts_are_made_at_most() {
    let host = Host::start(vec![Mood::SaysGoodbye; 100]);
    let front = front(&host, &[]);
    let reply = front.post("/x", "", b"abc");
    reply.is_ours(502);
    assert!(
        reply
            .text()
            .contains("the upstream closed the connection before it responded (11 attempts)"),
        "{reply:?}"
    );
    assert_eq!(host.bodies().len(), 11);
    front.finish();
}

#[test]
fn requests_that_may_have_been_processed_are_not_retried() {
    let host = Host::start(vec![Mood::Answers, Mood::Breaks, Mood::Breaks]);
    let front = front(&host, &[]);
    assert_eq!(front.get("/x").status, 200);
    front.get("/x").is_ours(502);
    front.post("/x", "", b"abc").is_ours(502);
    assert_eq!(host.bodies().len(), 3);
    front.finish();
}

/// Long before the limit of an answer, for the host no longer answers pings.
#[test]
fn a_vanished_connection_is_replaced() {
    std::thread::scope(|scope| {
        scope.spawn(|| vanishes("GET", 200));
        scope.spawn(|| vanishes("POST", 502));
    });
}

fn vanishes(method: &str, status: u16) {
    let host = Host::start(vec![Mood::Answers, Mood::Vanishes]);
    let front = front(&host, &[]);
    assert_eq!(front.get("/x").status, 200);
    let request = front.head(method, "/x", "Content-Length: 0\r\n");
    assert_eq!(front.connect().send(request).status, status, "{method}");
    assert_eq!(front.get("/x").status, 200);
    assert_eq!(host.connections(), 2, "{method}");
    front.finish();
}

#[test]
fn simultaneous_requests_share_the_first_connection() {
    let host = Host::start(Vec::new());
    let front = front(&host, &[]);
    std::thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| assert_eq!(front.get("/x").status, 200));
        }
    });
    // It is waited for, though not for long.
    assert!(host.connections() < 10, "{}", host.connections());
    front.finish();
}

/// Hosts allow so many requests on one connection, and those that are one too many
/// would wait for the others.
#[test]
fn a_full_connection_does_not_delay_requests() {
    let host = Host::start(vec![Mood::Waits; 100]);
    let front = front(&host, &[]);
    let mut waiting: Vec<_> = (0..100).map(|_| front.connect()).collect();
    for client in &mut waiting {
        client.write(front.head("GET", "/x", ""));
    }
    wait_until("they are under way", || host.bodies().len() == 100);
    let before = host.connections();
    assert_eq!(front.get("/x").status, 200);
    assert_eq!(host.connections(), before + 1);
    drop(waiting);
    front.finish();
}

#[test]
fn the_upstreams_limit_on_streams_is_respected() {
    for streams in [1, 3, 32] {
        let mut moods = vec![Mood::Waits; streams as usize];
        moods.push(Mood::Answers);
        let host = Host::taking(Some(streams), moods);
        let front = front(&host, &[]);
        let mut waiting: Vec<_> = (0..streams).map(|_| front.connect()).collect();
        for client in &mut waiting {
            client.write(front.head("GET", "/x", ""));
        }
        wait_until("they are under way", || host.bodies().len() == streams as usize);
        // One more would wait within the library, for good.
        assert_eq!(front.post("/x", "", b"abc").status, 200, "{streams}");
        drop(waiting);
        front.finish();
    }
}

/// An API that answers the first request over a connection, and ends it when a
/// second one has come.
fn fickle(end: fn(&mut Call)) -> Upstream {
    let requests = AtomicUsize::new(0);
    Upstream::start(move |call| {
        call.read();
        match requests.fetch_add(1, Ordering::SeqCst) {
            1 => end(call),
            _ => call.reply(ok("ok")),
        }
    })
}

#[test]
fn a_closed_idle_connection_costs_no_safe_request() {
    for end in [Call::leave, Call::reset] {
        let cloud = cloud(SandboxConfig::default());
        for (method, status, requests) in [("GET", 200, 3), ("HEAD", 200, 3), ("DELETE", 502, 2)] {
            let upstream = fickle(end);
            let front = Front::between(&cloud, &upstream);
            assert_eq!(front.get("/x").status, 200);
            let mut client = front.connect();
            client.write(front.head(method, "/x", ""));
            let reply = client.maybe_reply(method == "HEAD").unwrap();
            assert_eq!(reply.status, status, "{method}: {reply:?}");
            assert_eq!(upstream.seen().len(), requests, "{method}");
            front.finish();
        }
    }
}

#[test]
fn a_new_connection_that_is_closed_is_not_retried() {
    let cloud = cloud(SandboxConfig::default());
    let upstream = Upstream::start(|call| {
        call.read();
        call.leave();
    });
    let front = Front::between(&cloud, &upstream);
    front.get("/x").is_ours(502);
    assert_eq!(upstream.seen().len(), 1);
    front.finish();
}
