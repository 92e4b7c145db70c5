//! A run with a monitor, and its plain client.

use std::fs;

use gc_token::internals::sandbox::{ConfigChange, Faults, Sandbox};

use crate::common::guard;
use crate::common::process::Running;
use crate::common::runner::Runner;
use crate::gateway::rig::{Client, Front, Reply};

pub(crate) const LISTEN: &str = "--metrics-listen=127.0.0.1:0";

/// A gateway, and the address of its monitor.
pub(crate) struct Monitored {
    pub(crate) front: Front,
    pub(crate) address: String,
}

impl Monitored {
    pub(crate) fn start(runner: Runner, args: &[&str]) -> Monitored {
        let mut front = Front::start(runner, &[&[LISTEN, "-v"], args].concat());
        let address = address(&mut front.running);
        Monitored { front, address }
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        let reply = get(&self.address, path, "");
        let text = reply.text();
        assert!(!text.contains(&self.front.prefix), "{text}");
        reply
    }
}

/// Returns the address of the monitor of a run that was started with [`LISTEN`] and `-v`.
pub(crate) fn address(running: &mut Running) -> String {
    let said = running.wait_until_it_says("/metrics\n");
    let (_, rest) = said.split_once("metrics: http://").unwrap();
    rest.split_once('/').unwrap().0.to_owned()
}

/// Sends a GET over a connection of its own, and searches the reply for secrets. Each of
/// the `fields` ends its line.
pub(crate) fn get(address: &str, path: &str, fields: &str) -> Reply {
    send(address, &format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{fields}\r\n"))
}

pub(crate) fn send(address: &str, request: &str) -> Reply {
    let reply = Client::connect(address).send(request);
    guard::holds_no_secret(&reply.body, "the monitor");
    guard::holds_no_token(&reply.body, "the monitor");
    reply
}

pub(crate) fn set_faults(cloud: &Sandbox, list: &str) {
    let faults = list.parse::<Faults>().unwrap().0;
    cloud.change(ConfigChange { faults: Some(faults), ..ConfigChange::default() });
}

/// Tells a command that waits for the file `done` in its home to end.
pub(crate) fn let_end(runner: &Runner) {
    fs::write(runner.home().join("done"), "").unwrap();
}

/// The value of a sample in the text format of Prometheus.
pub(crate) fn sample(metrics: &str, series: &str) -> f64 {
    let mut values =
        metrics.lines().filter_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    let value = values.next().unwrap_or_else(|| panic!("no {series} in {metrics}"));
    value.parse().unwrap()
}
