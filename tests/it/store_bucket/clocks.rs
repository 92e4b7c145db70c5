//! Machines whose clock is wrong: requests are signed by the store's clock.

use std::process::Command;

use gc_token::internals::context::Environment;

use super::conditions::assert_conditional;
use super::on_s3;
use crate::common::servers::versity::VersityServer;
use crate::common::{missing, program, say};

/// The variables of the process whose clock is wrong, in JSON.
const VARIABLES: &str = "GC_TOKEN_TEST_STORE_VARIABLES";

const DONE: &str = "conditional under a wrong clock";

/// Versity's gateway refuses what was signed a quarter of an hour ago, or in the future.
#[test]
fn a_server_accepts_requests_of_a_machine_whose_clock_is_wrong() {
    let Some(server) = VersityServer::start() else { return };
    let Some(faketime) = program("faketime") else { return missing("faketime") };
    for (number, offset) in ["+20m", "-1h", "+1d", "-1d", "+0"].iter().enumerate() {
        let variables = serde_json::to_string(&(number * 100, server.variables())).unwrap();
        let child = Command::new(&faketime)
            .args(["-m", "-f", offset])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "store_bucket::clocks::under_a_wrong_clock", "--nocapture"])
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .env(VARIABLES, variables)
            .output()
            .unwrap();
        let output = String::from_utf8_lossy(&child.stderr);
        assert!(child.status.success(), "{offset}: {output}");
        assert!(output.contains(DONE), "{offset}: {output}");
    }
}

/// Runs in the process whose clock is wrong, and is empty elsewhere.
#[test]
fn under_a_wrong_clock() {
    let Some(variables) = Environment::of_process().text(VARIABLES) else { return };
    let (number, variables): (u32, Vec<(String, String)>) =
        serde_json::from_str(&variables).unwrap();
    let variables: Vec<(&'static str, String)> =
        variables.into_iter().map(|(name, value)| (&*name.leak(), value)).collect();
    assert_conditional(&on_s3(&variables).client(), number);
    say(DONE);
}
