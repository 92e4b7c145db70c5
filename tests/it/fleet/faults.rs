//! Machines that die in their turn, mints that take long, and what the store's owner can do.

use std::thread::scope;

use rustix::process::Signal;

use crate::common::cloud::{accepts, cloud};
use crate::common::gate::Gate;
use crate::common::guard;
use crate::common::runner::Runner;
use crate::common::servers::redis::RedisServer;
use gc_token::internals::sandbox::{Sandbox, SandboxConfig};

pub(super) const MINTS: &str = "minting for all machines";
pub(super) const WAITS: &str = "waiting for another machine";

/// A machine: a home and a cache of its own.
fn machine(cloud: &Sandbox, store: &str) -> Runner {
    Runner::of(cloud).set("GC_TOKEN_STORE", store)
}

/// A machine whose requests for tokens go through the gate.
pub(super) fn behind(gate: &Gate, cloud: &Sandbox, store: &str) -> Runner {
    machine(cloud, store).at(&gate.url())
}

/// Each of the twenty dies while its request for a token is under way.
#[test]
fn a_machine_that_is_killed_in_its_turn_is_succeeded_by_one_other() {
    let Some(redis) = &RedisServer::start(&[]) else { return };
    scope(|scope| {
        for number in 0..20 {
            scope.spawn(move || {
                let cloud = cloud(SandboxConfig::default());
                let gate = Gate::before(&cloud.login_url());
                let store = redis.with_prefix(&number.to_string());
                let dies = behind(&gate, &cloud, &store);
                let mut dying = dies.start(&["get", "-vv"]);
                dying.wait_until_it_says(MINTS);
                gate.wait_for(1);
                let others: Vec<_> = (0..3).map(|_| behind(&gate, &cloud, &store)).collect();
                let mut running: Vec<_> =
                    others.iter().map(|other| other.start(&["get", "-vv"])).collect();
                running.iter_mut().for_each(|one| drop(one.wait_until_it_says(WAITS)));
                dying.signal(Signal::KILL);
                gate.open();
                let ended: Vec<_> = running.into_iter().map(|one| one.finish()).collect();
                let tokens: Vec<_> = ended.iter().map(|one| one.succeeded().trim()).collect();
                assert!(tokens.iter().all(|token| *token == tokens[0] && accepts(&cloud, token)));
                // The request of the dead machine may have arrived.
                assert!(cloud.counters().mints <= 2);
            });
        }
    });
}

/// Longer than a turn lasts if nobody renews it.
#[test]
fn a_mint_that_takes_long_keeps_its_turn() {
    let Some(redis) = RedisServer::start(&[]) else { return };
    let cloud = cloud(SandboxConfig::default());
    let gate = Gate::before(&cloud.login_url());
    let store = redis.with_prefix("slow");
    let slow = behind(&gate, &cloud, &store);
    let mut minting = slow.start(&["get", "-vv"]);
    minting.wait_until_it_says(MINTS);
    let other = behind(&gate, &cloud, &store);
    let mut waiting = other.start(&["get", "-vv"]);
    waiting.wait_until_it_says(WAITS);
    std::thread::sleep(std::time::Duration::from_secs(13));
    gate.open();
    let (minted, waited) = (minting.finish(), waiting.finish());
    assert_eq!(minted.succeeded(), waited.succeeded());
    assert_eq!(cloud.counters().mints, 1);
}

#[test]
fn the_owner_of_the_store_learns_neither_token_nor_client() {
    let Some(redis) = RedisServer::start(&[]) else { return };
    let cloud = cloud(SandboxConfig::default());
    let store = redis.with_prefix("seen");
    let token = machine(&cloud, &store).run(&["get"]).succeeded().trim().to_owned();
    let everything = redis.everything();
    assert!(everything.len() > 500, "the dump has {} bytes", everything.len());
    guard::holds_no_secret(&everything, "the store");
    for hidden in [token.as_str(), crate::common::cloud::CLIENT, "127.0.0.1", "oauth"] {
        let found = everything.windows(hidden.len()).any(|part| part == hidden.as_bytes());
        assert!(!found, "the store holds {hidden:?}");
    }
}

#[test]
fn a_record_that_its_owner_changes_or_replays_is_a_miss_or_a_token_that_lives() {
    let Some(redis) = RedisServer::start(&[]) else { return };
    let cloud = cloud(SandboxConfig::default());
    let store = redis.with_prefix("x");
    let get = || machine(&cloud, &store).run(&["get"]).succeeded().trim().to_owned();
    let first = get();
    let key = redis.admin(&["keys", "*"]).trim().to_owned();
    redis.set(&["copy", &key, "kept"]);
    redis.set(&["setrange", &key, "80", "altered"]);
    let second = get();
    assert!(first != second && accepts(&cloud, &second));
    redis.set(&["copy", "kept", &key, "replace"]);
    assert_eq!(get(), first, "the older token, which lives");
    assert_eq!(cloud.counters().mints, 2);
}
