//! Many processes at once, and processes that are killed. No test here depends
//! on how fast anything is: a gate in front of the issuer holds a mint up for
//! as long as the test needs to line the others up.

mod kills;

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};

use crate::common::cloud::{SECRET, accepts, cloud, faults};
use crate::common::gate::Gate;
use crate::common::process::{Finished, Running};
use crate::common::runner::Runner;
use gc_token::internals::sandbox::{Sandbox, SandboxConfig};

/// Printed with `-v` after the process has read the clock and the cache.
const BEGAN: &str = "no token in the cache";

/// Time limits that no test comes near.
fn patient(runner: Runner) -> Runner {
    runner.set("GC_TOKEN_TIMEOUT", "30m").set("GC_TOKEN_LOCK_TIMEOUT", "1h")
}

/// A runner that asks its issuer through the gate.
fn behind(gate: &Gate, cloud: &Sandbox) -> Runner {
    patient(Runner::of(cloud).at(&gate.url()))
}

/// Starts `count` processes; all have begun when this returns.
fn begin(runner: &Runner, count: usize, args: &[&str]) -> Vec<Running> {
    let mut all: Vec<_> = (0..count).map(|_| runner.start(args)).collect();
    for one in &mut all {
        one.wait_until_it_says(BEGAN);
    }
    all
}

fn finish(all: Vec<Running>) -> Vec<Finished> {
    all.into_iter().map(Running::finish).collect()
}

/// The different tokens that they printed; each of them succeeded.
fn tokens(all: &[Finished]) -> BTreeSet<&str> {
    all.iter().map(|one| one.succeeded().trim_end()).collect()
}

#[test]
fn two_hundred_at_once_make_one_mint() {
    let cloud = cloud(SandboxConfig::default());
    let gate = Gate::before(&cloud.login_url());
    let runner = behind(&gate, &cloud);
    let all = begin(&runner, 200, &["get", "-v"]);
    gate.wait_for(1);
    gate.open();
    let all = finish(all);
    assert_eq!(gate.arrivals(), 1);
    assert_eq!(cloud.counters().mints, 1);
    let tokens = tokens(&all);
    assert_eq!(tokens.len(), 1);
    assert!(accepts(&cloud, tokens.first().unwrap()));
    let minters = all.iter().filter(|one| one.stderr.contains("minted:"));
    assert_eq!(minters.count(), 1);
}

/// A secret that comes from a command: the key of the seals is made at the
/// first use, and the command is asked by the one who mints.
#[test]
fn the_first_to_need_a_key_agree_on_one() {
    let cloud = cloud(SandboxConfig::default());
    let gate = Gate::before(&cloud.login_url());
    let command = "echo asked >> asked; cat secret";
    let profile = format!("[default]\nclient_secret_command = ['sh', '-c', '{command}']\n");
    let runner = behind(&gate, &cloud)
        .unset("GENESYSCLOUD_OAUTHCLIENT_SECRET")
        .with_file("secret", SECRET)
        .with_file(".config/gc-token/config.toml", &profile);
    let all = begin(&runner, 20, &["get", "-v"]);
    gate.open();
    assert_eq!(tokens(&finish(all)).len(), 1);
    assert_eq!(cloud.counters().mints, 1);
    let asked = fs::read_to_string(runner.home().join("asked")).unwrap();
    assert_eq!(asked, "asked\n");
    let state = fs::read_dir(runner.home().join(".local/state/gc-token")).unwrap();
    assert_eq!(state.count(), 1);
}

/// Why nobody waits long after the token is there: those who wait look at the
/// entry at each step, and need not take the lock one after the other. Here
/// they never get it, and succeed all the same.
#[test]
fn waiters_need_no_lock_to_see_that_the_work_is_done() {
    let cloud = cloud(SandboxConfig::default());
    let runner = patient(Runner::of(&cloud));
    let token = runner.run(&["get"]).token().to_owned();
    let (entry, aside) = (runner.cached("token"), runner.home().join("aside"));
    fs::rename(&entry, &aside).unwrap();
    let lock = OpenOptions::new().write(true).open(runner.cached("lock")).unwrap();
    lock.lock().unwrap();

    let waiting = begin(&runner, 20, &["get", "-v"]);
    fs::rename(&aside, &entry).unwrap();
    assert_eq!(tokens(&finish(waiting)), [token.as_str()].into());
    assert_eq!(cloud.counters().token_requests, 1);
    drop(lock);
}

#[test]
fn a_holder_killed_in_mid_mint_blocks_nobody() {
    let cloud = cloud(SandboxConfig::default());
    let gate = Gate::before(&cloud.login_url());
    let runner = behind(&gate, &cloud);
    let holder = runner.start(&["get", "-v"]);
    gate.wait_for(1);
    let others = begin(&runner, 20, &["get", "-v"]);
    assert_eq!(gate.arrivals(), 1);
    let killed = holder.kill();
    assert_eq!(killed.stdout, "");
    // The gate is still closed: one of the others takes over at once.
    gate.wait_for(2);
    gate.open();
    let others = finish(others);
    assert_eq!(gate.arrivals(), 2);
    let tokens = tokens(&others);
    assert_eq!(tokens.len(), 1);
    assert!(accepts(&cloud, tokens.first().unwrap()));
}

/// Processes that waited for a mint share its failure, so that fifty processes send one
/// request.
#[test]
fn waiting_processes_share_the_failure() {
    for (plan, code, says) in [
        (
            "reply:400:application/json:{\"error\":\"invalid_client\"}",
            4,
            "refused the client's credentials",
        ),
        ("garbage", 5, "that are not a JSON object"),
    ] {
        let cloud = cloud(faults(&format!("1000*{plan}")));
        let gate = Gate::before(&cloud.login_url());
        let runner = behind(&gate, &cloud);
        let all = begin(&runner, 50, &["get", "-v"]);
        gate.wait_for(1);
        gate.open();
        let all = finish(all);
        assert_eq!(gate.arrivals(), 1, "{plan}");
        let said: BTreeSet<_> = all.iter().map(|one| &one.stderr).collect();
        assert_eq!(said.len(), 1, "{said:#?}");
        assert!(said.first().unwrap().contains(says), "{said:#?}");
        for one in all {
            assert_eq!((one.status.code(), one.stdout.as_str()), (Some(code), ""));
        }
        // Who comes later asks anew.
        assert_eq!(runner.run(&["get"]).status.code(), Some(code));
        assert_eq!(gate.arrivals(), 2, "{plan}");
    }
}

/// A forced refresh wants a token that was asked for after it began. The first
/// request was sent before the others began, so they need one more; that one
/// is sent after all of them began, so one is enough.
#[test]
fn forced_refreshes_that_overlap_make_two_mints() {
    let cloud = cloud(SandboxConfig::default());
    let gate = Gate::before(&cloud.login_url());
    let runner = behind(&gate, &cloud);
    let first = runner.start(&["get", "--force-refresh"]);
    gate.wait_for(1);
    let others = begin(&runner, 19, &["get", "--force-refresh", "-v"]);
    gate.open();
    let first = first.finish();
    let others = finish(others);
    assert_eq!(cloud.counters().mints, 2);
    let tokens = tokens(&others);
    assert_eq!(tokens.len(), 1);
    assert_ne!(tokens.first(), Some(&first.token()));
}

#[test]
fn the_cache_is_cleared_while_others_get_tokens() {
    let cloud = cloud(SandboxConfig::default());
    let runner = patient(Runner::of(&cloud));
    let cleared = std::thread::scope(|scope| {
        let clearing = scope.spawn(|| {
            let mut cleared = 0;
            for _ in 0..100 {
                let finished = runner.run(&["cache", "clear"]);
                assert_eq!(finished.stderr, "");
                cleared += usize::from(finished.succeeded() == "removed 1 token\n");
            }
            cleared
        });
        for _ in 0..40 {
            let all: Vec<_> = (0..4).map(|_| runner.start(&["get"])).collect();
            for one in finish(all) {
                assert!(accepts(&cloud, one.token()));
            }
        }
        clearing.join().unwrap()
    });
    assert!(cleared > 0, "nothing was ever there to be cleared");
    assert!(cloud.counters().mints > 1);
}
