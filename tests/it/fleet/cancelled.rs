//! Machines whose job is cancelled in their turn.

use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::thread::{scope, sleep};
use std::time::Duration;

use rustix::process::{Signal, kill_process};

use super::faults::{MINTS, WAITS, behind};
use crate::common::cloud::{CLIENT, accepts, cloud};
use crate::common::gate::Gate;
use crate::common::process::{Running, wait_until};
use crate::common::runner::Runner;
use crate::common::servers::redis::RedisServer;
use crate::common::terraform::Tool;
use crate::exec::first;
use crate::exec::rig::children_of;
use crate::gateway::rig::Front;
use crate::provider::rig::{Rig, USES, kill};
use gc_token::internals::sandbox::{Sandbox, SandboxConfig};

const COMMANDS: [&[&str]; 6] = [
    &["get", "-vv"],
    &["env", "-vv"],
    &["external", "-vv"],
    &["exec", "-vv", "--", "touch", "ran"],
    &["exec", "-vv", "--gateway", "--", "touch", "ran"],
    &["gateway", "-vv"],
];

const SIGNALS: [Signal; 3] = [Signal::TERM, Signal::INT, Signal::HUP];

fn start(runner: &Runner, command: &[&str]) -> Running {
    std::fs::write(runner.home().join("query"), "{}").unwrap();
    let query = File::open(runner.home().join("query")).unwrap();
    runner.start_on(command, Stdio::from(query))
}

/// Asserts that nobody has the turn: another machine mints without waiting.
fn assert_turn_is_free(other: &Runner, cloud: &Sandbox) {
    let records = other.run(&["cache", "list", "--store", "--json"]);
    assert_eq!(records.succeeded(), "[]\n", "the record holds neither a turn nor a token");
    let minted = other.run(&["get", "-vv"]);
    assert!(accepts(cloud, minted.succeeded().trim()));
    assert!(minted.stderr.contains(MINTS), "{minted:#?}");
    assert!(!minted.stderr.contains(WAITS), "{minted:#?}");
}

#[test]
fn a_signal_gives_the_turn_back_and_then_ends_the_process_as_usual() {
    let Some(redis) = &RedisServer::start(&[]) else { return };
    scope(|scope| {
        for (number, signal) in SIGNALS.into_iter().enumerate() {
            scope.spawn(move || {
                for (index, command) in COMMANDS.into_iter().enumerate() {
                    let cloud = cloud(SandboxConfig::default());
                    let gate = Gate::before(&cloud.login_url());
                    let store = redis.with_prefix(&format!("{number}-{index}"));
                    let cancelled = behind(&gate, &cloud, &store);
                    let mut minting = start(&cancelled, command);
                    minting.wait_until_it_says(MINTS);
                    gate.wait_for(1);
                    minting.signal(signal);
                    let ended = minting.finish();
                    assert_eq!(ended.status.signal(), Some(signal.as_raw()), "{ended:#?}");
                    assert!(!cancelled.home().join("ran").exists());
                    gate.open();
                    assert_turn_is_free(&behind(&gate, &cloud, &store), &cloud);
                }
            });
        }
    });
}

#[test]
fn process_1_of_a_container_gives_the_turn_back_too() {
    let Some(redis) = RedisServer::start(&[]) else { return };
    let cloud = cloud(SandboxConfig::default());
    let gate = Gate::before(&cloud.login_url());
    let store = redis.with_prefix("first");
    let words = [env!("CARGO_BIN_EXE_gc-token"), "get", "-vv"];
    let cancelled = behind(&gate, &cloud, &store);
    let Some(mut minting) = first::start(&cancelled, &words) else { return };
    minting.wait_until_it_says(MINTS);
    gate.wait_for(1);
    let [process] = children_of(minting.pid())[..] else { panic!("unshare has one child") };
    let process = rustix::process::Pid::from_raw(process.cast_signed()).unwrap();
    kill_process(process, Signal::TERM).unwrap();
    assert_eq!(minting.finish().status.code(), Some(143));
    gate.open();
    assert_turn_is_free(&behind(&gate, &cloud, &store), &cloud);
}

/// As timeout(1) does it: it sends the signal to its child, and then to its group.
#[test]
fn two_signals_at_once_give_the_turn_back() {
    let Some(redis) = RedisServer::start(&[]) else { return };
    let cloud = cloud(SandboxConfig::default());
    let gate = Gate::before(&cloud.login_url());
    let store = redis.with_prefix("x");
    let cancelled = behind(&gate, &cloud, &store);
    let mut minting = cancelled.start(&["get", "-vv"]);
    minting.wait_until_it_says(MINTS);
    gate.wait_for(1);
    // Two that are equal could be one to the kernel.
    minting.signal(Signal::INT);
    minting.signal(Signal::TERM);
    let ended = minting.finish();
    let signals = [Signal::INT, Signal::TERM].map(|signal| Some(signal.as_raw()));
    assert!(signals.contains(&ended.status.signal()), "{ended:#?}");
    gate.open();
    assert_turn_is_free(&behind(&gate, &cloud, &store), &cloud);
}

#[test]
fn a_signal_waits_for_no_store_that_does_not_answer() {
    let Some(redis) = RedisServer::start(&[]) else { return };
    let cloud = cloud(SandboxConfig::default());
    let gate = Gate::before(&cloud.login_url());
    let cancelled =
        behind(&gate, &cloud, &redis.with_prefix("x")).set("GC_TOKEN_STORE_TIMEOUT", "1h");
    let mut minting = cancelled.start(&["get", "-vv"]);
    minting.wait_until_it_says(MINTS);
    redis.stop();
    // By then the turn is being renewed.
    sleep(Duration::from_secs(4));
    minting.signal(Signal::INT);
    let ended = minting.finish();
    assert_eq!(ended.status.signal(), Some(Signal::INT.as_raw()), "{ended:#?}");
}

/// The store does not answer, and has all the time of the world.
#[test]
fn a_second_signal_ends_the_process_at_once() {
    let Some(redis) = RedisServer::start(&[]) else { return };
    let cloud = cloud(SandboxConfig::default());
    let gate = Gate::before(&cloud.login_url());
    let cancelled =
        behind(&gate, &cloud, &redis.with_prefix("x")).set("GC_TOKEN_STORE_TIMEOUT", "1h");
    let mut minting = cancelled.start(&["get", "-vv"]);
    minting.wait_until_it_says(MINTS);
    redis.stop();
    // By then the turn is being renewed.
    sleep(Duration::from_secs(4));
    minting.signal(Signal::INT);
    // Two threads could handle two signals at the same moment.
    sleep(Duration::from_millis(500));
    minting.signal(Signal::TERM);
    let ended = minting.finish();
    assert_eq!(ended.status.signal(), Some(Signal::TERM.as_raw()), "{ended:#?}");
}

#[test]
fn a_token_that_is_being_shared_when_the_signal_comes_is_shared() {
    let Some(redis) = RedisServer::start(&[]) else { return };
    let cloud = cloud(SandboxConfig::default());
    let gate = Gate::before(&cloud.login_url());
    let store = redis.with_prefix("x");
    let cancelled = behind(&gate, &cloud, &store).set("GC_TOKEN_STORE_TIMEOUT", "1m");
    let mut minting = cancelled.start(&["get", "-vv"]);
    minting.wait_until_it_says(MINTS);
    gate.wait_for(1);
    redis.set(&["client", "pause", "60000", "write"]);
    gate.open();
    wait_until("the store has the token to write", || {
        cloud.counters().mints == 1
            && redis.admin(&["info", "clients"]).contains("blocked_clients:1")
    });
    minting.signal(Signal::TERM);
    redis.set(&["client", "unpause"]);
    let ended = minting.finish();
    assert_eq!(ended.status.signal(), Some(Signal::TERM.as_raw()), "{ended:#?}");
    let token = behind(&gate, &cloud, &store).run(&["get"]).succeeded().trim().to_owned();
    assert!(accepts(&cloud, &token));
    assert_eq!(cloud.counters().mints, 1);
}

#[test]
fn a_gateway_that_ends_while_it_renews_its_token_gives_the_turn_back() {
    let Some(redis) = RedisServer::start(&[]) else { return };
    let cloud = cloud(SandboxConfig::default());
    let gate = Gate::before(&cloud.login_url());
    gate.open();
    let store = redis.with_prefix("x");
    let front = Front::start(behind(&gate, &cloud, &store), &[]);
    gate.close();
    cloud.revoke_all();
    let mut client = front.connect();
    client.write(front.head("GET", "/api/v2/tokens/me", ""));
    gate.wait_for(2);
    front.running.signal(Signal::TERM);
    front.running.signal(Signal::INT);
    let ended = front.running.finish();
    assert_eq!(ended.status.code(), Some(0), "{ended:#?}");
    gate.open();
    assert_turn_is_free(&behind(&gate, &cloud, &store), &cloud);
}

#[test]
fn a_provider_whose_terraform_is_killed_gives_the_turn_back() {
    let Some(redis) = RedisServer::start(&[]) else { return };
    let plan = SandboxConfig::default();
    let Some(mut rig) = Rig::new(Tool::Terraform, plan, "", USES) else { return };
    let gate = Gate::before(&rig.cloud.login_url());
    let store = redis.with_prefix("x");
    rig.terraform.set("GC_TOKEN_LOGIN_URL", &gate.url());
    rig.terraform.set("GC_TOKEN_STORE", &store);
    let running = rig.terraform.start(&["apply", "-auto-approve"]);
    gate.wait_for(1);
    kill(running);
    rig.assert_nothing_is_left();
    gate.open();
    assert_turn_is_free(&behind(&gate, &rig.cloud, &store), &rig.cloud);
}

/// Terraform decides on the end of its provider.
#[test]
fn a_signal_does_not_end_a_provider_that_has_had_a_turn() {
    let Some(redis) = RedisServer::start(&[]) else { return };
    // Not known before the apply, so that the provider of the apply is the one that mints.
    let later = format!("resource \"terraform_data\" \"later\" {{\n  input = \"{CLIENT}\"\n}}\n");
    let waits = "<<-EOT\n          touch seen; until [ -e go ]; do sleep 0.05; done";
    let rest = later + &USES.replace("<<-EOT", waits);
    let argument = "client_id = terraform_data.later.output";
    let plan = SandboxConfig::default();
    let Some(mut rig) = Rig::new(Tool::Terraform, plan, argument, &rest) else { return };
    rig.terraform.set("GC_TOKEN_STORE", &redis.with_prefix("x"));
    let running = rig.terraform.start(&["apply", "-auto-approve"]);
    rig.wait_for("seen");
    assert_eq!(rig.cloud.counters().mints, 1);
    let plugins = rig.plugins();
    for signal in SIGNALS {
        plugins.iter().for_each(|plugin| kill_process(*plugin, signal).unwrap());
    }
    rig.terraform.write("go", "");
    let said = running.wait();
    assert!(said.status.success(), "{said:#?}");
}
