//! The events of the status page, by a plain client.

use gc_token::internals::sandbox::SandboxConfig;
use rustix::process::Signal;

use super::rig::{Monitored, send};
use crate::common::cloud::cloud;
use crate::common::guard;
use crate::common::process::wait_until;
use crate::common::runner::Runner;
use crate::gateway::rig::Client;

/// Returns a stream that has begun, and the status.
fn open(monitored: &Monitored) -> (Client, u16) {
    let mut client = Client::connect(&monitored.address);
    client.write(format!("GET /events HTTP/1.1\r\nHost: {}\r\n\r\n", monitored.address));
    let (status, _) = client.maybe_head().unwrap();
    (client, status)
}

#[test]
fn each_event_is_the_content_of_the_page() {
    let cloud = cloud(SandboxConfig::default());
    let monitored = Monitored::start(Runner::of(&cloud), &[]);
    let (mut client, status) = open(&monitored);
    assert_eq!(status, 200);
    for _ in 0..2 {
        let event = client.chunk().unwrap();
        guard::holds_no_token(&event, "an event");
        guard::holds_no_secret(&event, "an event");
        let event = String::from_utf8(event).unwrap();
        assert!(event.starts_with("data: <header"), "{event}");
        assert!(event.ends_with("</section>\n\n"), "{event}");
        assert!(!event.contains(&monitored.front.prefix), "{event}");
    }
    monitored.front.running.signal(Signal::TERM);
    while client.chunk().is_some() {}
    assert_eq!(monitored.front.running.finish().status.code(), Some(0));
}

#[test]
fn open_pages_are_limited_and_leave_room_for_others() {
    let cloud = cloud(SandboxConfig::default());
    let monitored = Monitored::start(Runner::of(&cloud), &[]);
    let mut streams: Vec<_> = (0..16).map(|_| open(&monitored)).collect();
    assert!(streams.iter().all(|(_, status)| *status == 200));
    assert_eq!(open(&monitored).1, 503);
    assert_eq!(monitored.get("/").status, 200);
    assert_eq!(monitored.get("/healthz").status, 200);
    streams.pop();
    wait_until("there is room", || open(&monitored).1 == 200);
    drop(streams);
    monitored.front.finish();
}

#[test]
fn connections_without_a_request_give_way_to_an_open_page() {
    let cloud = cloud(SandboxConfig::default());
    let monitored = Monitored::start(Runner::of(&cloud), &[]);
    let (mut page, status) = open(&monitored);
    assert_eq!(status, 200);
    let idle: Vec<_> = (0..64).map(|_| Client::connect(&monitored.address)).collect();
    assert_eq!(monitored.get("/healthz").status, 200);
    for _ in 0..3 {
        assert!(page.chunk().is_some());
    }
    drop((page, idle));
    monitored.front.finish();
}

#[test]
fn idle_connections_give_way_to_a_health_check() {
    let cloud = cloud(SandboxConfig::default());
    let monitored = Monitored::start(Runner::of(&cloud), &[]);
    let (mut page, status) = open(&monitored);
    assert_eq!(status, 200);
    let idle: Vec<_> = (0..64)
        .map(|_| {
            let mut client = Client::connect(&monitored.address);
            let address = &monitored.address;
            let request = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\n\r\n");
            assert_eq!(client.send(request).status, 200);
            client
        })
        .collect();
    for _ in 0..3 {
        assert!(page.chunk().is_some());
    }
    drop((page, idle));
    monitored.front.finish();
}

#[test]
fn other_hosts_and_methods_are_refused() {
    let cloud = cloud(SandboxConfig::default());
    let monitored = Monitored::start(Runner::of(&cloud), &[]);
    let address = &monitored.address;
    for path in ["/", "/events"] {
        let status = |method: &str, host: &str| {
            send(address, &format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n\r\n")).status
        };
        assert_eq!(status("GET", "evil.example"), 421, "{path}");
        assert_eq!(status("POST", address), 405, "{path}");
    }
    monitored.front.finish();
}
