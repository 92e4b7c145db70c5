//! Machines that share a store: real processes, each with a cache of its own, and real servers.

mod cancelled;
mod clocks;
mod faults;
mod refused;
mod terraform;

use std::process::Command;

use crate::common::{missing, program};

/// Runs tests/fleet, which checks what it has seen.
fn fleet(arguments: &[&str]) {
    if program("redis-server").is_none() {
        return missing("redis-server");
    }
    let root = env!("CARGO_MANIFEST_DIR");
    let output = Command::new(format!("{root}/tests/fleet"))
        .args(arguments)
        .args(["--program", env!("CARGO_BIN_EXE_gc-token")])
        .current_dir(root)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{error}");
}

#[test]
fn a_thousand_machines_make_one_mint() {
    fleet(&["--machines", "1000"]);
}

#[test]
fn a_store_that_loses_everything_costs_one_mint_more() {
    fleet(&["--machines", "300", "--fault", "flush"]);
}

#[test]
fn a_store_that_is_killed_fails_nobody() {
    fleet(&["--machines", "300", "--fault", "kill"]);
}

#[test]
fn a_store_that_stops_answering_fails_nobody() {
    fleet(&["--machines", "200", "--fault", "stop"]);
}

#[test]
fn two_hundred_machines_share_a_bucket() {
    fleet(&["--machines", "200", "--at-once", "100", "--store", "s3", "--requests", "600"]);
}
