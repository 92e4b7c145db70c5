//! Machines whose wall clocks lie, each with a boot of its own.

use std::fs;

use crate::common::cloud::cloud;
use crate::common::runner::Runner;
use crate::common::servers::redis::RedisServer;
use crate::common::{missing, program};
use gc_token::internals::sandbox::SandboxConfig;

/// Another boot identity for one command.
const OTHER_BOOT: &str = "mount --bind boot_id /proc/sys/kernel/random/boot_id";

/// Runs `gc-token get` with another boot identity, and a wall clock that is off by `offset`.
fn get_elsewhere(runner: &Runner, number: usize, offset: &str) -> String {
    let boot = format!("00000000-0000-4000-8000-{number:012}\n");
    fs::write(runner.home().join("boot_id"), boot).unwrap();
    let clock = match offset {
        "" => String::new(),
        offset => {
            format!("FAKETIME_DONT_FAKE_MONOTONIC=1 faketime -f {offset} ")
        }
    };
    let script = format!("unshare -m sh -ec '{OTHER_BOOT}; {clock}gc-token get'");
    runner.shell("sh", &script).succeeded().trim().to_owned()
}

#[test]
fn honest_machines_ask_nobody_and_lying_ones_once() {
    if program("faketime").is_none() || !rustix::process::geteuid().is_root() {
        return missing("faketime, and the right to mount");
    }
    let Some(redis) = RedisServer::start(&[]) else { return };
    let cloud = cloud(SandboxConfig::default());
    let runner = || Runner::of(&cloud).set("GC_TOKEN_STORE", redis.with_prefix("clocks"));
    let first = get_elsewhere(&runner(), 0, "");
    let offsets = ["", "+2s", "-2s", "+5m", "-5m", "+1h", "-1h", "+1d", "-1d", "+10y", "-10y"];
    for (number, offset) in offsets.into_iter().enumerate() {
        let before = cloud.counters().api_calls;
        assert_eq!(get_elsewhere(&runner(), number + 1, offset), first, "{offset}");
        let asked = cloud.counters().api_calls - before;
        let is_honest = matches!(offset, "" | "+2s" | "-2s");
        assert_eq!(asked, u64::from(!is_honest), "{offset}");
    }
    assert_eq!(cloud.counters().mints, 1);
}
