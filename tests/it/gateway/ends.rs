//! How a gateway comes to its end.

use std::io::Write;
use std::net::TcpStream;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gc_token::internals::sandbox::SandboxConfig;
use rustix::process::Signal;

use super::rig::{Front, runner};
use super::upstream::Upstream;
use crate::common::cloud::cloud;
use crate::common::process::wait_until;

/// An API that begins its answer, and ends it when it may.
fn slow() -> (Upstream, Arc<AtomicBool>) {
    let may = Arc::new(AtomicBool::new(false));
    let asked = may.clone();
    let upstream = Upstream::start(move |call| {
        call.reply("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf");
        wait_until("it may end", || asked.load(Ordering::SeqCst));
        call.reply("done");
    });
    (upstream, may)
}

#[test]
fn open_requests_are_finished() {
    let cloud = cloud(SandboxConfig::default());
    for signal in [Signal::TERM, Signal::INT] {
        let (upstream, may) = slow();
        let front = Front::between(&cloud, &upstream);
        let mut idle = front.connect();
        let mut client = front.connect();
        client.write(front.head("GET", "/x", ""));
        let (status, fields) = client.maybe_head().unwrap();
        assert_eq!(status, 200);
        assert_eq!(client.some(), b"half");
        front.running.signal(signal);
        // Nobody is let in any more, and who asks nothing is let go.
        wait_until("the door is closed", || TcpStream::connect(&front.address).is_err());
        assert!(idle.is_at_end());
        may.store(true, Ordering::SeqCst);
        assert_eq!(client.some(), b"done");
        assert!(client.is_at_end(), "{fields:?}");
        assert_eq!(front.running.finish().status.code(), Some(0));
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let cloud = cloud(SandboxConfig::default());
    let (upstream, _never) = slow();
    let front = Front::between(&cloud, &upstream);
    let mut client = front.connect();
    client.write(front.head("GET", "/x", ""));
    assert_eq!(client.maybe_head().unwrap().0, 200);
    front.running.signal(Signal::TERM);
    wait_until("the door is closed", || TcpStream::connect(&front.address).is_err());
    front.running.signal(Signal::TERM);
    assert_eq!(front.running.finish().status.code(), Some(0));
    assert_eq!(client.some(), b"half");
    assert!(client.is_at_end());
}

#[test]
fn end_of_standard_input_ends_the_gateway_on_request() {
    let cloud = cloud(SandboxConfig::default());
    let upstream = Upstream::willing();
    let runner = runner(&cloud, &upstream.url());
    let (stdin, mut ours) = std::io::pipe().unwrap();
    let args = ["gateway", "--shell=json", "--until-stdin-closes"];
    let running = runner.start_on(&args, Stdio::from(stdin));
    let front = Front::of(runner, running);
    assert_eq!(front.get("/x").status, 200);
    ours.write_all(b"what is read there means nothing\n").unwrap();
    assert_eq!(front.get("/x").status, 200);
    drop(ours);
    assert_eq!(front.running.finish().status.code(), Some(0));
    // Without that, an empty standard input ends nothing.
    let front = Front::start(front.runner, &[]);
    assert_eq!(front.get("/x").status, 200);
    front.finish();
}
