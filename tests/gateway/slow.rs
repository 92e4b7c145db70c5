//! Clients that dawdle.

use std::sync::atomic::{AtomicBool, Ordering};

use gc_token::sandbox::Plan;

use super::common::cloud::cloud;
use super::rig::{Front, runner};
use super::upstream::Upstream;

/// Slowloris: heads and bodies that never come to their end. (How long they
/// may take is tested where that is decided.)
#[test]
fn who_dawdles_does_not_hold_others_up() {
    let cloud = cloud(Plan::default());
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
fn idle_clients_do_not_take_what_requests_need() {
    let cloud = cloud(Plan::default());
    let upstream = Upstream::willing();
    let runner = runner(&cloud, &upstream.url());
    let running = runner.start_with_files(128, &["gateway", "--shell=json"]);
    let front = Front::of(runner, running);
    let mut clients: Vec<_> = (0..150).map(|_| front.connect()).collect();
    assert_eq!(clients[0].send(front.head("GET", "/x", "")).status, 200);
    // Those who wait are let in as others leave.
    clients.drain(..149);
    assert_eq!(clients[0].send(front.head("GET", "/x", "")).status, 200);
    front.finish();
}
