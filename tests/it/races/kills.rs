//! Processes that are killed at any moment.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use gc_token::internals::sandbox::{Sandbox, SandboxConfig};

use super::patient;
use crate::common::cloud::{accepts, cloud};
use crate::common::process::Finished;
use crate::common::runner::Runner;

/// 500 rounds of processes that are killed at a random moment. After each of
/// them, what is in the cache is whole, and what is handed out is alive.
#[test]
fn kills_at_any_moment_leave_the_cache_whole() {
    let seed = fastrand::u64(..);
    std::thread::scope(|scope| {
        for lane in 0..LANES {
            scope.spawn(move || {
                let mut random = fastrand::Rng::with_seed(seed.wrapping_add(lane));
                let lane = Lane::new();
                for round in 0..500 / LANES {
                    let place = format!("round {round}, seed {seed}");
                    lane.round(&mut random, &place);
                }
                lane.end();
            });
        }
    });
}

/// Rounds go side by side, each lane with a cache of its own.
const LANES: u64 = 5;

struct Lane {
    cloud: Sandbox,
    runner: Runner,
}

impl Lane {
    fn new() -> Lane {
        let cloud = cloud(SandboxConfig::default());
        let runner = patient(Runner::of(&cloud));
        Lane { cloud, runner }
    }

    /// Three are killed, one survives. In every second round, all older tokens
    /// are dead and a new one is asked for: an old one would be found out.
    fn round(&self, random: &mut fastrand::Rng, place: &str) {
        let args: &[&str] = match random.bool() {
            true => {
                self.cloud.revoke_all();
                &["get", "--force-refresh"]
            }
            false => &["get"],
        };
        let mut all: Vec<_> = (0..4).map(|_| self.runner.start(args)).collect();
        let survivor = all.swap_remove(random.usize(..all.len()));
        for victim in all {
            sleep(Duration::from_micros(random.u64(..15_000)));
            self.check(&victim.kill(), place);
        }
        let survivor = survivor.finish();
        survivor.succeeded();
        self.check(&survivor, place);
    }

    /// A warning would tell of an entry that cannot be used.
    fn check(&self, finished: &Finished, place: &str) {
        assert_eq!(finished.stderr, "", "{place}");
        // A pipe's reader may get a part of a line from one that is killed;
        // a whole line is a token.
        if let Some(token) = finished.stdout.strip_suffix('\n') {
            assert!(accepts(&self.cloud, token), "{place}: {token} is dead");
        }
    }

    /// Asserts that the files of killed processes are cleaned up.
    fn end(&self) {
        let token = self.runner.run(&["get"]).token().to_owned();
        assert!(accepts(&self.cloud, &token));
        self.runner.run(&["cache", "clear"]).succeeded();
        let left = fs::read_dir(self.runner.cache()).unwrap().count();
        assert_eq!(left, 0);
    }
}
