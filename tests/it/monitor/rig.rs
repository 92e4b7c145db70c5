//! A gateway whose state can be looked at.

use crate::common::runner::Runner;
use crate::gateway::rig::Front;

/// Starts a gateway; returns it and the URL of its status page.
pub(crate) fn monitored(runner: Runner, args: &[&str]) -> (Front, String) {
    let listen = ["gateway", "--shell=json", "--verbose", "--metrics-listen=127.0.0.1:0"];
    let mut running = runner.start(&[&listen[..], args].concat());
    let said = running.wait_until_it_says("/metrics\n");
    let metrics = said.split_whitespace().find(|word| word.ends_with("/metrics")).unwrap();
    let url = metrics.trim_end_matches("metrics").to_owned();
    (Front::of(runner, running), url)
}
