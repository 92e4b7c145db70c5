//! New tokens that are of no use to any of the machines that wait for them.

use gc_token::internals::sandbox::{ConfigChange, Sandbox, SandboxConfig};

use super::faults::{MINTS, WAITS, behind};
use crate::common::cloud::cloud;
use crate::common::gate::Gate;
use crate::common::process::{Finished, Running};

use crate::common::runner::Runner;
use crate::common::servers::redis::RedisServer;

const HOUR: std::time::Duration = std::time::Duration::from_secs(3_600);

fn of_an_hour() -> Sandbox {
    cloud(SandboxConfig { lifetime: HOUR, ..SandboxConfig::default() })
}

/// Starts one that mints as soon as the gate opens, and others that wait for it.
fn start_all(gate: &Gate, runners: &[&Runner], args: &[&str], waits: &str) -> Vec<Running> {
    let mut running = vec![runners[0].start(args)];
    gate.wait_for(1);
    running.extend(runners[1..].iter().map(|runner| runner.start(args)));
    running[1..].iter_mut().for_each(|one| drop(one.wait_until_it_says(waits)));
    gate.open();
    running
}

fn assert_too_short(ended: &Finished) {
    assert_eq!(ended.status.code(), Some(7), "{ended:#?}");
    let message = "cannot provide a token valid for 2h: new tokens live 1h";
    assert!(ended.stderr.contains(message), "{ended:#?}");
}

const TWO_HOURS: [&str; 4] = ["get", "-vv", "--min-ttl", "2h"];

#[test]
fn a_lifetime_that_suffices_for_nobody_costs_one_mint() {
    let Some(redis) = RedisServer::start(&[]) else { return };
    let cloud = of_an_hour();
    let gate = Gate::before(&cloud.login_url());
    let machines: Vec<_> =
        (0..12).map(|_| behind(&gate, &cloud, &redis.with_prefix("x"))).collect();
    let runners: Vec<_> = machines.iter().collect();
    let running = start_all(&gate, &runners, &TWO_HOURS, WAITS);
    running.into_iter().for_each(|one| assert_too_short(&one.finish()));
    assert_eq!(cloud.counters().mints, 1);
    // A later call sees whether the lifetime has been raised.
    assert_too_short(&machines[5].run(&TWO_HOURS));
    assert_eq!(cloud.counters().mints, 2);
    cloud.change(ConfigChange { lifetime: Some(3 * HOUR), ..ConfigChange::default() });
    machines[6].run(&TWO_HOURS).succeeded();
    machines[7].run(&TWO_HOURS).succeeded();
    assert_eq!(cloud.counters().mints, 3);
}

#[test]
fn processes_of_one_machine_share_that_mint_too() {
    let cloud = of_an_hour();
    let gate = Gate::before(&cloud.login_url());
    let machine = Runner::of(&cloud).at(&gate.url());
    let running = start_all(&gate, &[&machine; 8], &TWO_HOURS, "which is minting");
    running.into_iter().for_each(|one| assert_too_short(&one.finish()));
    assert_eq!(cloud.counters().mints, 1);
    assert_too_short(&machine.run(&TWO_HOURS));
    assert_eq!(cloud.counters().mints, 2);
}

#[test]
fn an_api_that_refuses_every_token_is_met_by_two_machines() {
    let Some(redis) = RedisServer::start(&[]) else { return };
    let (cloud, stranger) = (of_an_hour(), of_an_hour());
    let gate = Gate::before(&cloud.login_url());
    let machines: Vec<_> = (0..8)
        .map(|_| {
            let machine = behind(&gate, &cloud, &redis.with_prefix("x"));
            machine.set("GC_TOKEN_API_URL", stranger.api_url())
        })
        .collect();
    let runners: Vec<_> = machines.iter().collect();
    let running = start_all(&gate, &runners, &["get", "-vv"], WAITS);
    let ended: Vec<_> = running.into_iter().map(Running::finish).collect();
    for one in &ended {
        assert_eq!(one.status.code(), Some(8), "{one:#?}");
        assert!(one.stderr.contains("the API rejects new tokens of this issuer"), "{one:#?}");
    }
    assert_eq!(ended.iter().filter(|one| one.stderr.contains(MINTS)).count(), 2);
    assert_eq!(cloud.counters().mints, 4, "each of the two tries a second token");
}
