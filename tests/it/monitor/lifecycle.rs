//! How the monitor starts and ends, and what keeps it from starting.

use std::net::TcpListener;

use gc_token::internals::sandbox::SandboxConfig;

use super::rig::{LISTEN, Monitored, address, get, let_end};
use crate::common::cloud::cloud;
use crate::common::runner::Runner;
use crate::gateway::rig::Client;

#[test]
fn a_port_in_use_is_named() {
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for words in [&["gateway"][..], &["exec", "--gateway"]] {
        let mut words = [words, &["--metrics-listen", &address]].concat();
        if words[0] == "exec" {
            words.extend(["--", "true"]);
        }
        let refused = runner.run(&words);
        assert_eq!(refused.status.code(), Some(3), "{refused:#?}");
        let told = format!("gc-token: error: --metrics-listen: cannot listen on {address}\n");
        assert!(refused.stderr.starts_with(&told), "{refused:#?}");
        assert!(refused.stderr.contains("Address already in use"), "{refused:#?}");
    }
}

#[test]
fn idle_clients_do_not_delay_the_end() {
    let cloud = cloud(SandboxConfig::default());
    let monitored = Monitored::start(Runner::of(&cloud), &[]);
    let mut idle = Client::connect(&monitored.address);
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", monitored.address);
    assert_eq!(idle.send(request).status, 200);
    let silent = Client::connect(&monitored.address);
    monitored.front.finish();
    assert!(idle.is_at_end());
    drop(silent);
}

/// Requests that the monitor gets are none of the proxy's.
#[test]
fn a_command_has_a_monitor_as_long_as_it_runs() {
    for mode in [&["--gateway"][..], &["--intercept", "--region=eu-west-1"]] {
        let cloud = cloud(SandboxConfig::default());
        let runner = Runner::of(&cloud);
        let wait = "until [ -e done ]; do sleep 0.05; done";
        let command = [LISTEN, "-v", "--", "sh", "-c", wait];
        let mut running = runner.start(&[&["exec"], mode, &command].concat());
        let address = address(&mut running);
        let ready = get(&address, "/readyz", "");
        assert_eq!((ready.status, ready.text()), (200, "ready\n"), "{mode:?}");
        let metrics = get(&address, "/metrics", "").text().to_owned();
        assert!(metrics.contains("\ngc_token_client_requests_total 0\n"), "{metrics}");
        let_end(&runner);
        let finished = running.finish();
        assert_eq!(finished.status.code(), Some(0), "{finished:#?}");
        assert!(finished.stderr.contains("no request came to "), "{}", finished.stderr);
        assert!(std::net::TcpStream::connect(&address).is_err());
    }
}
