//! Thousands of machines with one store, on one virtual time line: the broker as it is, with
//! clocks that lie, machines that die, and a store with faults.
//!
//! Every machine is a thread, of which one runs at a time: it sleeps until its next moment on
//! the time line, which is also how requests take time. So a run is the same each time.

mod cloud;
mod machine;
mod store;
mod timeline;

use std::sync::Mutex;

use jiff::SignedDuration;

use crate::error::Kind;
use crate::token::MinTtl;
use cloud::FleetCloud;
use machine::{Machine, MachineConfig, MachineOutcome, machine_settings};
use store::{FaultyStore, StoreFaults};
use timeline::Timeline;

const SECOND: i64 = 1_000;
const HOUR: i64 = 3_600 * SECOND;
const LIFETIME: i64 = HOUR;
const MINT: i64 = 800;

struct Fleet {
    machines: Vec<MachineConfig>,
    faults: StoreFaults,
    /// The issuer refuses this many mints a minute from the next on.
    mints_per_minute: Option<usize>,
    is_required: bool,
    min_ttl: Option<SignedDuration>,
    /// The API accepts no token.
    api_refuses: bool,
}

struct Run {
    outcomes: Vec<MachineOutcome>,
    mints: usize,
}

impl Fleet {
    fn new(machines: usize) -> Fleet {
        let machines = (0..machines).map(MachineConfig::honest).collect();
        Fleet {
            machines,
            faults: StoreFaults::default(),
            mints_per_minute: None,
            is_required: false,
            min_ttl: None,
            api_refuses: false,
        }
    }

    fn run(&self) -> Run {
        let timeline = Timeline::new(self.machines.iter().map(|machine| machine.starts));
        let mut cloud = FleetCloud::new(&timeline, LIFETIME, MINT, self.mints_per_minute);
        cloud.refuses = self.api_refuses;
        let mut settings = machine_settings(self.is_required);
        if let Some(min_ttl) = self.min_ttl {
            settings.freshness.min_ttl = MinTtl::Explicit(min_ttl);
        }
        let store = FaultyStore::new(&timeline, self.faults.clone());
        let outcomes = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for (index, config) in self.machines.iter().enumerate() {
                let (timeline, cloud, store, outcomes) = (&timeline, &cloud, &store, &outcomes);
                let settings = &settings;
                let machine = move || {
                    let machine = Machine::new(index, config, timeline, cloud, store);
                    let outcome = machine.run(settings);
                    outcomes.lock().unwrap().push(outcome);
                    timeline.leave();
                };
                std::thread::Builder::new()
                    .stack_size(512 << 10)
                    .spawn_scoped(scope, machine)
                    .unwrap();
            }
            timeline.start();
        });
        Run { outcomes: outcomes.into_inner().unwrap(), mints: cloud.mints() }
    }
}

impl Run {
    /// Each machine that lives has a token that the API accepts and that lives as promised.
    fn assert_all_have_a_token(&self) {
        for outcome in self.outcomes.iter().filter(|outcome| !outcome.died) {
            let left =
                outcome.left.as_ref().unwrap_or_else(|error| panic!("{}: {error}", outcome.index));
            assert!(left.is_positive(), "machine {}: a dead token, {left:#}", outcome.index);
        }
    }

    fn checks(&self) -> u32 {
        self.outcomes.iter().map(|outcome| outcome.checks).sum()
    }

    fn last_end(&self) -> i64 {
        self.outcomes.iter().map(|outcome| outcome.ended).max().unwrap()
    }
}

#[test]
fn ten_thousand_machines_share_one_mint_and_one_check() {
    let run = Fleet::new(10_000).run();
    run.assert_all_have_a_token();
    assert_eq!((run.outcomes.len(), run.mints), (10_000, 1));
    // The one of the machine that minted.
    assert_eq!(run.checks(), 1);
    let most = run.outcomes.iter().map(|outcome| outcome.store_requests).max().unwrap();
    assert!(most <= 5, "{most} requests");
}

/// With one life less at every moment of the first three seconds.
#[test]
fn a_machine_that_dies_in_its_turn_costs_ten_seconds_and_one_mint() {
    for moment in (0..3_000).step_by(6) {
        let mut fleet = Fleet::new(20);
        fleet.machines.iter_mut().skip(1).for_each(|machine| machine.starts += 5);
        fleet.machines[0].starts = 0;
        fleet.machines[0].dies = Some(moment);
        let run = fleet.run();
        run.assert_all_have_a_token();
        assert!(run.mints <= 2, "{moment}: {} mints", run.mints);
        let late = run.last_end() - moment;
        assert!(late <= 10 * SECOND + MINT + SECOND, "{moment}: {late} ms");
    }
}

#[test]
fn no_clock_that_lies_gets_a_dead_token() {
    let offsets = [0, 2, 300, 3_600, 86_400, 315_360_000];
    let wall_errors: Vec<i64> = offsets.iter().flat_map(|offset| [*offset, -offset]).collect();
    // Tokens are shared at every age, near their end above all.
    for age in [60, 1_800, 2_900, 2_990, 3_100, 3_500, 3_590, 3_610, 7_000] {
        for store_step in [0, HOUR, -HOUR] {
            let mut fleet = Fleet::new(1 + 3 * wall_errors.len());
            fleet.faults.steps_at = Some((30 * SECOND, store_step));
            for (index, machine) in fleet.machines.iter_mut().enumerate().skip(1) {
                machine.starts = age * SECOND + machine.starts % SECOND;
                machine.wall_error = wall_errors[(index - 1) % wall_errors.len()] * SECOND;
                // A step in mid-wait.
                machine.wall_step = (index % 3 == 0).then_some((200, machine.wall_error));
            }
            let run = fleet.run();
            for outcome in &run.outcomes {
                let machine = &fleet.machines[outcome.index];
                // Two clocks that lie alike cannot be told from two that tell the truth.
                let lie_alike = store_step != 0 && (machine.wall_error - store_step).abs() <= HOUR;
                let left = outcome.left.as_ref().unwrap();
                assert!(
                    left.is_positive() || lie_alike,
                    "age {age}, store {store_step}, {machine:?}: {left:#}"
                );
                // The machine that mints checks its token, too.
                assert!(outcome.checks <= 2, "{machine:?}: {} checks", outcome.checks);
                if store_step == 0 && machine.wall_error.abs() <= 2 * SECOND {
                    assert!(outcome.checks <= outcome.mints, "age {age}, {machine:?}");
                }
            }
        }
    }
}

#[test]
fn a_store_that_forgets_everything_costs_one_mint() {
    let mut fleet = Fleet::new(200);
    fleet.machines.iter_mut().skip(100).for_each(|machine| machine.starts += 60 * SECOND);
    fleet.faults.forgets_at = Some(30 * SECOND);
    let run = fleet.run();
    run.assert_all_have_a_token();
    assert_eq!(run.mints, 2);
}

#[test]
fn a_store_that_goes_down_in_mid_run_fails_nobody() {
    for (down_from, hangs) in [(200, true), (200, false), (900, true), (2_000, false)] {
        let mut fleet = Fleet::new(300);
        fleet.machines.iter_mut().for_each(|machine| machine.starts *= 3);
        fleet.faults.down_from = Some(down_from);
        fleet.faults.hangs = hangs;
        let run = fleet.run();
        run.assert_all_have_a_token();
        for outcome in &run.outcomes {
            let starts = fleet.machines[outcome.index].starts;
            let took = outcome.ended - starts.max(down_from);
            assert!(took <= MINT + 2_500 + 200 + 3 * SECOND, "{took} ms");
        }
    }
}

/// The turn, its proof, the token, and what machines that came too late tried.
#[test]
fn a_reply_that_is_lost_holds_nobody_up() {
    for swap in 1..=8 {
        for retries in [false, true] {
            let mut fleet = Fleet::new(50);
            fleet.faults.loses_reply_to = Some(swap);
            fleet.faults.retries = retries;
            let run = fleet.run();
            run.assert_all_have_a_token();
            assert!(run.mints <= 2, "{swap}, {retries}: {} mints", run.mints);
            let most = MINT + 2_500 + 3 * SECOND;
            assert!(run.last_end() <= most, "{swap}, {retries}: {} ms", run.last_end());
        }
    }
}

#[test]
fn with_store_required_nobody_mints_without_it() {
    let mut fleet = Fleet::new(50);
    fleet.faults.down_from = Some(0);
    fleet.is_required = true;
    let run = fleet.run();
    assert_eq!(run.mints, 0);
    for outcome in &run.outcomes {
        assert_eq!(outcome.left.as_ref().unwrap_err().kind, Kind::Unavailable);
    }
}

#[test]
fn a_rate_limit_on_mints_is_met_once() {
    let mut fleet = Fleet::new(500);
    fleet.mints_per_minute = Some(0);
    let run = fleet.run();
    assert!(run.outcomes.iter().all(|outcome| outcome.left.is_err()));
    assert_eq!(run.mints, 1, "the one that was refused");
}

#[test]
fn a_lifetime_that_suffices_for_nobody_is_met_once() {
    let mut fleet = Fleet::new(500);
    fleet.min_ttl = Some(SignedDuration::from_hours(2));
    // The last one starts when the others have failed.
    fleet.machines[499].starts = 60 * SECOND;
    let run = fleet.run();
    for outcome in &run.outcomes {
        assert_eq!(outcome.left.as_ref().unwrap_err().kind, Kind::Lifetime);
    }
    assert_eq!(run.mints, 2);
}

#[test]
fn an_api_that_refuses_every_token_is_met_by_two_machines() {
    let mut fleet = Fleet::new(200);
    fleet.api_refuses = true;
    let run = fleet.run();
    for outcome in &run.outcomes {
        assert_eq!(outcome.left.as_ref().unwrap_err().kind, Kind::ApiRefused);
    }
    // Each of the two tries a second token.
    assert_eq!(run.mints, 4);
}
