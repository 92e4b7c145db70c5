//! Clients that dawdle.

use std::sync::atomic::{AtomicBool, Ordering};

use gc_token::internals::sandbox::SandboxConfig;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::rig::{Front, runner};
use super::upstream::Upstream;
use crate::common::cloud::cloud;

/// Slowloris: heads and bodies that never come to their end. (How long they
/// may take is tested where that is decided.)
#[test]
fn slow_clients_do_not_delay_others() {
    let cloud = cloud(SandboxConfig::default());
    let upstream = Upstream::willing();
    let front = Front::between(&cloud, &upstream);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let head = front.head("POST", "/slow", "Content-Length: 1000000\r\n");
            let mut clients: Vec<_> = (0..200).map(|_| front.connect()).collect();
            for byte in head.bytes().chain(std::iter::repeat(b'x')) {
                for client in &mut clients {
                    client.write([byte]);
                }
                if done.load(Ordering::SeqCst) {
                    return;
                }
            }
        });
        for _ in 0..200 {
            assert_eq!(front.get("/fast").status, 200);
        }
        done.store(true, Ordering::SeqCst);
    });
    front.finish();
}

/// A file descriptor for each client, and none left to ask the API with, would
/// be no use to anybody.
#[test]
fn idle_clients_leave_connections_for_others() {
    let cloud = cloud(SandboxConfig::default());
    let upstream = Upstream::willing();
    let runner = runner(&cloud, &upstream.url());
    let running = runner.start_with_files(128, &["gateway", "--shell=json"]);
    let front = Front::of(runner, running);
    let clients: Vec<_> = (0..150).map(|_| front.connect()).collect();
    assert_eq!(front.get("/x").status, 200);
    assert!(front.descriptors() < 100, "{}", front.descriptors());
    drop(clients);
    front.finish();
}

/// Connections are for clients that know the path: the others are evicted for them at once.
#[test]
fn unauthenticated_clients_do_not_delay_others() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    let cloud = cloud(SandboxConfig::default());
    let upstream = Upstream::willing();
    let front = Front::between(&cloud, &upstream);
    let mut known = front.connect();
    assert_eq!(known.send(front.head("GET", "/x", "")).status, 200);
    let mut strangers: Vec<_> = (0..1_100).map(|_| front.connect()).collect();
    // Some speak, but do not know the path; some never come to the end of a head.
    for (number, client) in strangers.iter_mut().enumerate() {
        match number % 3 {
            0 => drop(client.try_write("GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n")),
            1 => drop(client.try_write("GET /x HTTP/1.1\r\nHost: loc")),
            _ => {}
        }
    }
    for _ in 0..3 {
        assert_eq!(front.get("/x").status, 200);
    }
    // The first ones were sent away, and nobody who was let in.
    assert!(strangers[2].is_at_end());
    assert_eq!(known.send(front.head("GET", "/x", "")).status, 200);
    front.finish();
}
