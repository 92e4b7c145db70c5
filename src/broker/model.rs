//! Property test of the broker in a simulated world with a true timeline: a provided token is
//! valid at the API for as long as promised, whatever the runner's clocks do; and no token is
//! minted without a cause.
//!
//! **The promise.** When it is provided, a token is valid at the API for another `min_ttl` (a
//! stale token, or a new one with the default `min_ttl`: is valid), provided that
//! - the API's clock is ahead of the issuer's by no more than the larger of `skew` and the
//!   measured lead, and
//! - one of the two local clocks has counted all the time since the mint, to 500 ppm; or the
//!   API was asked (`--verify always`), its clock was measured, and so was the issuer's at the
//!   mint.
//!
//! So a snapshot that is restored with *both* clocks standing still, until NTP corrects the
//! wall clock, cannot be noticed without a request. And if it stood still for less than the
//! width of an estimate (a second and the round trip), it may go unnoticed: then estimates of
//! before and after are intersected, and are wrong by less than that.
//!
//! **The causes.** A token is minted if none is cached; if the cached one cannot keep the
//! promise, or would not for the uncertainty of measurements ([`Simulation::uncertainty`]); if
//! the clocks are in doubt and no remote clock was ever measured; or if the API rejects a token
//! that is not yet valid there.

mod cloud;
mod runner;

use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

use super::*;
use crate::cache::{Entry, Lookup};
use crate::config::Verify;
use crate::config::tests::settings;
use crate::token::{AccessToken, MinTtl, TokenValidity};
use cloud::{Cloud, CloudConfig};
use runner::{Disturbance, Runner, millis};

#[derive(Debug, Clone)]
struct Scenario {
    config: CloudConfig,
    wall_ahead: i64,
    drift: (i64, i64),
    skew: i64,
    min_ttl: Option<i64>,
    verify: Verify,
}

/// One call, and the events before it. Times are milliseconds.
#[derive(Debug, Clone)]
struct Step {
    pause: Pause,
    disturbance: Option<Disturbance>,
    issuer_is_down: bool,
    api_is_down: bool,
}

#[derive(Debug, Clone)]
enum Pause {
    /// Thousandths of a token's lifetime.
    Share(i64),
    /// Until so many milliseconds before the cached token becomes too short, where every
    /// mistake shows.
    Edge(i64),
}

const SECOND: i64 = 1_000;
const HOUR: i64 = 3_600 * SECOND;
const DAY: i64 = 24 * HOUR;

/// A time of any order of magnitude up to two days, often of a token's.
fn time() -> impl Strategy<Value = i64> {
    prop_oneof![0..2 * SECOND, 0..300 * SECOND, 0..2 * HOUR, 0..2 * DAY]
}

/// An offset of either sign, up to ten years.
fn offset() -> impl Strategy<Value = i64> {
    let size = prop_oneof![2 => Just(0), 4 => time(), 1 => Just(3_652 * DAY)];
    (size, any::<bool>()).prop_map(|(size, ahead)| if ahead { size } else { -size })
}

fn disturbance() -> impl Strategy<Value = Disturbance> {
    prop_oneof![
        offset().prop_map(Disturbance::Step),
        (time(), any::<bool>())
            .prop_map(|(asleep, wall_goes_on)| Disturbance::Suspend { asleep, wall_goes_on }),
        (time(), prop_oneof![Just(0), 0..10 * HOUR], any::<bool>()).prop_map(
            |(away, back, wall_is_right)| Disturbance::Snapshot { away, back, wall_is_right }
        ),
        (time(), offset()).prop_map(|(away, wall_error)| Disturbance::Reboot { away, wall_error }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    (
        prop_oneof![
            1 => (0_i64..100).prop_map(Pause::Share),
            1 => (0_i64..1_300).prop_map(Pause::Share),
            3 => (-10 * SECOND..5 * SECOND).prop_map(Pause::Edge),
        ],
        prop::option::of(disturbance()),
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.1),
    )
        .prop_map(|(pause, disturbance, issuer_is_down, api_is_down)| Step {
            pause,
            disturbance,
            issuer_is_down,
            api_is_down,
        })
}

fn config() -> impl Strategy<Value = CloudConfig> {
    let lead = prop_oneof![
        1 => -5 * SECOND..5 * SECOND,
        2 => 5 * SECOND - 500..=5 * SECOND,
        1 => -120 * SECOND..=120 * SECOND,
    ];
    let lifetime = prop_oneof![5_i64..60, 60_i64..2_000, 2_000_i64..=172_800];
    (
        offset(),
        lead,
        lifetime,
        any::<bool>(),
        prop::bool::weighted(0.8),
        prop::bool::weighted(0.9),
        (0..2 * SECOND, 0..2 * SECOND),
    )
        .prop_map(|(issuer_ahead, lead, lifetime, jwt, stated, dated, ways)| CloudConfig {
            issuer_ahead,
            lead,
            lifetime,
            jwt,
            stated: stated || !jwt,
            dated,
            ways,
        })
}

fn scenario() -> impl Strategy<Value = Scenario> {
    let verify = prop::sample::select(vec![Verify::Auto, Verify::Always, Verify::Never]);
    (
        config(),
        offset(),
        (-200_i64..=200, -200_i64..=200),
        prop_oneof![Just(5), 0_i64..150],
        prop::option::of(prop_oneof![0_i64..600, 0_i64..100_000]),
        verify,
    )
        .prop_map(|(config, wall_ahead, drift, skew, min_ttl, verify)| Scenario {
            config,
            wall_ahead,
            drift,
            skew,
            min_ttl,
            verify,
        })
}

struct Simulation<'a> {
    dir: tempfile::TempDir,
    settings: Settings,
    runner: &'a Runner,
    cloud: Cloud<'a>,
    /// Estimates of before and after a restored snapshot may have been intersected.
    had_snapshot: bool,
    disturbances: u32,
    /// The token with which the lead of the API's clock was last measured.
    measured: Option<AccessToken>,
}

/// The state before a call.
struct StateBefore {
    mints: usize,
    token: Option<Token>,
    left: SignedDuration,
    disturbances: u32,
}

impl<'a> Simulation<'a> {
    fn new(scenario: &Scenario, runner: &'a Runner) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut settings = settings("http://127.0.0.1:1");
        settings.cache.dir = Some(dir.path().join("cache"));
        settings.issuer.api_url = Some("http://127.0.0.1:2".into());
        settings.verify = scenario.verify;
        settings.freshness.skew = SignedDuration::from_secs(scenario.skew);
        if let Some(min_ttl) = scenario.min_ttl {
            settings.freshness.min_ttl = MinTtl::Explicit(SignedDuration::from_secs(min_ttl));
        }
        Simulation {
            dir,
            settings,
            runner,
            cloud: Cloud::new(scenario.config.clone(), runner),
            had_snapshot: false,
            disturbances: 0,
            measured: None,
        }
    }

    fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
        // First, because it takes time, too.
        if let Some(disturbance) = &step.disturbance {
            self.runner.apply(disturbance);
            self.disturbances += 1;
            self.had_snapshot |= matches!(disturbance, Disturbance::Snapshot { .. });
        }
        self.runner.pass(self.pause(&step.pause));
        self.cloud.issuer_is_down.set(step.issuer_is_down);
        self.cloud.api_is_down.set(step.api_is_down);
        let before = self.state_before();
        let reporter = Reporter::to(Box::new(std::io::sink()));
        let given = Broker {
            settings: &self.settings,
            remote: &self.cloud,
            clock: self.runner,
            reporter: &reporter,
            store: None,
        }
        .get();
        if let Ok(given) = &given {
            self.check_promise(given)?;
        }
        self.check_cause(&before)
    }

    fn pause(&self, pause: &Pause) -> SignedDuration {
        let before = self.state_before();
        match (pause, &before.token) {
            (Pause::Share(share), _) => millis(self.cloud.config.lifetime * share),
            (Pause::Edge(_), None) => SignedDuration::ZERO,
            (Pause::Edge(early), Some(token)) => {
                let policy = &self.settings.freshness;
                let needed =
                    policy.required_ttl(&token.validity) + policy.effective_skew(&token.validity);
                (before.left - needed - millis(*early)).max(SignedDuration::ZERO)
            }
        }
    }

    fn check_promise(&mut self, given: &ProvidedToken) -> Result<(), TestCaseError> {
        let validity = &given.token.validity;
        let (_, left) = self.cloud.left(&given.token.access_token);
        let policy = &self.settings.freshness;
        let promised = match (given.origin, policy.min_ttl) {
            (TokenOrigin::Stale, _) | (TokenOrigin::Minted, MinTtl::Default(_)) => {
                SignedDuration::ZERO
            }
            (TokenOrigin::Cached, _) | (TokenOrigin::Minted, MinTtl::Explicit(_)) => {
                policy.required_ttl(validity)
            }
        };
        let lead = millis(self.cloud.config.lead);
        let slack = self.intersection_error();
        if validity.lead().is_some() {
            self.measured = Some(given.token.access_token.clone());
        }
        let measured = self.measured.as_ref() == Some(&given.token.access_token);
        let covered = measured || lead <= self.settings.freshness.skew;
        if covered && (self.was_counted(validity) || self.was_measured(validity)) {
            prop_assert!(
                left > promised - slack,
                "{:?}: {left:?} left, {promised:?} promised, lead {:?}: {validity:#?}",
                given.origin,
                validity.lead()
            );
        }
        Ok(())
    }

    /// Returns whether a local clock has counted the time since the token was minted, or last
    /// measured by a remote clock.
    fn was_counted(&self, validity: &TokenValidity) -> bool {
        let now = self.runner.read();
        let Some(boot) = now.boot_since(&validity.sent) else {
            return false;
        };
        let age = self.runner.truth() - self.runner.truth_of(&validity.sent);
        let counted = boot.max(now.wall_since(&validity.sent));
        counted + counted / 2_000 >= age
    }

    /// Returns whether both remote clocks were measured, the API's just now.
    fn was_measured(&self, validity: &TokenValidity) -> bool {
        self.settings.verify == Verify::Always
            && validity.issuer_expiry.is_some()
            && validity.api_clock.is_some()
    }

    /// If a snapshot stood still for less than the width of an estimate, earlier and later
    /// estimates intersect, and the result is wrong by less than the later one's width.
    fn intersection_error(&self) -> SignedDuration {
        if self.had_snapshot { self.width() * 2 } else { SignedDuration::ZERO }
    }

    /// The width of an estimate from one response.
    fn width(&self) -> SignedDuration {
        let (there, back) = self.cloud.config.ways;
        millis(there + back + SECOND + 10)
    }

    fn state_before(&self) -> StateBefore {
        let entry = Entry::of(&self.settings).unwrap();
        let token = match entry.read().unwrap() {
            Lookup::Found(token) => Some(*token),
            _ => None,
        };
        let left = token.as_ref().map(|token| self.cloud.left(&token.access_token).0);
        StateBefore {
            mints: self.cloud.mints(),
            token,
            left: left.unwrap_or_default(),
            disturbances: self.disturbances,
        }
    }

    fn check_cause(&self, before: &StateBefore) -> Result<(), TestCaseError> {
        let mints = self.cloud.mints() - before.mints;
        let Some(token) = before.token.as_ref().filter(|_| mints > 0) else {
            return Ok(());
        };
        let validity = &token.validity;
        let config = &self.cloud.config;
        // Known already, or measured just now.
        let lead = match self.settings.verify {
            Verify::Never => SignedDuration::ZERO,
            Verify::Auto | Verify::Always => millis(config.lead.max(0)),
        };
        let policy = &self.settings.freshness;
        let needed = policy.required_ttl(validity) + policy.skew.max(lead);
        let is_short = before.left < needed + self.uncertainty(validity);
        let never_measured = validity.issuer_expiry.is_none()
            || (validity.api_clock.is_none() && self.settings.verify == Verify::Always);
        let can_be_revalidated = before.disturbances > 0 && never_measured;
        let not_yet_valid = config.jwt && config.lead < 0;
        prop_assert!(
            is_short || can_be_revalidated || not_yet_valid,
            "minted, although {:?} of {needed:?} were left: {validity:#?}",
            before.left
        );
        Ok(())
    }

    /// Upper bound: the width of the estimates of both remote clocks, at the mint and now, and
    /// the drift of the local ones.
    fn uncertainty(&self, validity: &TokenValidity) -> SignedDuration {
        let age = self.runner.truth() - self.runner.truth_of(&validity.sent);
        self.width() * 6 + age / 500 + SignedDuration::from_secs(2)
    }
}

/// The same 500 cases on every run, so that a rare one cannot fail somebody else's change.
/// `PROPTEST_RNG_SEED` and `PROPTEST_CASES` look for others: see CONTRIBUTING.md.
fn model_config() -> Config {
    let given = Config::default();
    Config {
        cases: given.cases.max(500),
        rng_seed: match given.rng_seed {
            RngSeed::Random => RngSeed::Fixed(1),
            seed => seed,
        },
        max_shrink_iters: 4_000,
        failure_persistence: None,
        ..given
    }
}

proptest! {
    #![proptest_config(model_config())]

    #[test]
    fn provided_tokens_live_as_promised_and_no_token_is_minted_without_a_cause(
        scenario in scenario(),
        steps in prop::collection::vec(step(), 1..12),
    ) {
        let runner = Runner::new(scenario.wall_ahead, scenario.drift);
        let mut simulation = Simulation::new(&scenario, &runner);
        for step in &steps {
            simulation.step(step)?;
        }
        drop(simulation.dir);
    }
}
