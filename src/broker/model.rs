//! The promise, tried in a world with a true time line: a token that is handed
//! out lives at the API for as long as was promised, whatever the runner's
//! clocks do; and no token is made without a cause.
//!
//! **The promise.** At the moment it is handed out, a token lives at the API
//! for `min_ttl` more (a makeshift, and a new one of which nobody asked more:
//! lives), as long as
//! - the API's clock is ahead of the issuer's by no more than the larger of
//!   `skew` and what was measured, and
//! - one of the two local clocks has counted all the time since the token was
//!   made, to 500 ppm; or the API was asked (`--verify always`), its clock was
//!   seen, and so was the issuer's at the mint.
//!
//! So a snapshot that is restored with *both* clocks standing still, until NTP
//! puts the wall clock right, cannot be noticed without asking somebody. And
//! one that stood still for less than a contact's interval is wide (a second
//! and the round trip) may go unnoticed: then measures of before and after it
//! are joined, and miss the truth by less than that.
//!
//! **The causes.** A token is made when none is cached; when the cached one
//! cannot keep the promise, or would not for the seconds that measuring costs
//! ([`Scene::dispute`]); when the clocks are in doubt and no remote clock was
//! ever seen; or when the API refuses a token that is not yet valid there.

mod cloud;
mod runner;

use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::test_runner::Config;

use super::*;
use crate::cache::{Entry, Lookup};
use crate::config::Verify;
use crate::config::tests::settings;
use crate::token::{AccessToken, MinTtl, TokenValidity};
use cloud::{Cloud, Plan};
use runner::{Runner, Trouble, millis};

/// A world at its start.
#[derive(Debug, Clone)]
struct Scenario {
    plan: Plan,
    wall_ahead: i64,
    drift: (i64, i64),
    skew: i64,
    min_ttl: Option<i64>,
    verify: Verify,
}

/// One call, and what comes before it. Times are milliseconds.
#[derive(Debug, Clone)]
struct Step {
    pause: Pause,
    trouble: Option<Trouble>,
    issuer_is_down: bool,
    api_is_down: bool,
}

/// Time that passes before a call.
#[derive(Debug, Clone)]
enum Pause {
    /// A share of a token's life, in thousandths.
    Share(i64),
    /// Until so many milliseconds before the cached token is too short, where
    /// every mistake shows.
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

fn trouble() -> impl Strategy<Value = Trouble> {
    prop_oneof![
        offset().prop_map(Trouble::Step),
        (time(), any::<bool>())
            .prop_map(|(asleep, wall_goes_on)| Trouble::Suspend { asleep, wall_goes_on }),
        (time(), prop_oneof![Just(0), 0..10 * HOUR], any::<bool>()).prop_map(
            |(away, back, wall_is_right)| Trouble::Snapshot { away, back, wall_is_right }
        ),
        (time(), offset()).prop_map(|(away, wall_error)| Trouble::Reboot { away, wall_error }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    (
        prop_oneof![
            1 => (0_i64..100).prop_map(Pause::Share),
            1 => (0_i64..1_300).prop_map(Pause::Share),
            3 => (-10 * SECOND..5 * SECOND).prop_map(Pause::Edge),
        ],
        prop::option::of(trouble()),
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.1),
    )
        .prop_map(|(pause, trouble, issuer_is_down, api_is_down)| Step {
            pause,
            trouble,
            issuer_is_down,
            api_is_down,
        })
}

fn plan() -> impl Strategy<Value = Plan> {
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
        .prop_map(|(issuer_ahead, lead, lifetime, jwt, stated, dated, ways)| Plan {
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
        plan(),
        offset(),
        (-200_i64..=200, -200_i64..=200),
        prop_oneof![Just(5), 0_i64..150],
        prop::option::of(prop_oneof![0_i64..600, 0_i64..100_000]),
        verify,
    )
        .prop_map(|(plan, wall_ahead, drift, skew, min_ttl, verify)| Scenario {
            plan,
            wall_ahead,
            drift,
            skew,
            min_ttl,
            verify,
        })
}

/// A world in which time goes on.
struct Scene<'a> {
    dir: tempfile::TempDir,
    settings: Settings,
    runner: &'a Runner,
    cloud: Cloud<'a>,
    /// Whether a snapshot was restored: measures of before and after it may
    /// have been joined.
    had_snapshot: bool,
    /// How often something has happened to the clocks.
    troubles: u32,
    /// The token at which the lead of the API's clock was measured last.
    measured: Option<AccessToken>,
}

/// What was cached before a call.
struct Before {
    mints: usize,
    token: Option<Token>,
    left: SignedDuration,
    troubles: u32,
}

impl<'a> Scene<'a> {
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
        Scene {
            dir,
            settings,
            runner,
            cloud: Cloud::new(scenario.plan.clone(), runner),
            had_snapshot: false,
            troubles: 0,
            measured: None,
        }
    }

    fn live(&mut self, step: &Step) -> Result<(), TestCaseError> {
        // Trouble first: it takes time, too.
        if let Some(trouble) = &step.trouble {
            self.runner.suffer(trouble);
            self.troubles += 1;
            self.had_snapshot |= matches!(trouble, Trouble::Snapshot { .. });
        }
        self.runner.pass(self.pause(&step.pause));
        self.cloud.issuer_is_down.set(step.issuer_is_down);
        self.cloud.api_is_down.set(step.api_is_down);
        let before = self.before();
        let reporter = Reporter::to(Box::new(std::io::sink()));
        let given = Broker {
            settings: &self.settings,
            remote: &self.cloud,
            clock: self.runner,
            reporter: &reporter,
        }
        .get();
        if let Ok(given) = &given {
            self.check_promise(given)?;
        }
        self.check_cause(&before)
    }

    fn pause(&self, pause: &Pause) -> SignedDuration {
        let before = self.before();
        match (pause, &before.token) {
            (Pause::Share(share), _) => millis(self.cloud.plan.lifetime * share),
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
        let lead = millis(self.cloud.plan.lead);
        let slack = self.joined_wrongly();
        if validity.lead().is_some() {
            self.measured = Some(given.token.access_token.clone());
        }
        let measured = self.measured.as_ref() == Some(&given.token.access_token);
        let covered = measured || lead <= self.settings.freshness.skew;
        if covered && (self.was_counted(validity) || self.was_seen(validity)) {
            prop_assert!(
                left > promised - slack,
                "{:?}: {left:?} left, {promised:?} promised, lead {:?}: {validity:#?}",
                given.origin,
                validity.lead()
            );
        }
        Ok(())
    }

    /// Whether a local clock has counted the time since the token was made, or
    /// was last seen by a remote clock.
    fn was_counted(&self, validity: &TokenValidity) -> bool {
        let now = self.runner.read();
        let Some(boot) = now.boot_since(&validity.sent) else {
            return false;
        };
        let age = self.runner.truth() - self.runner.truth_of(&validity.sent);
        let counted = boot.max(now.wall_since(&validity.sent));
        counted + counted / 2_000 >= age
    }

    /// Whether the clocks of both ends were seen, the API's just now.
    fn was_seen(&self, validity: &TokenValidity) -> bool {
        self.settings.verify == Verify::Always
            && validity.issuer_expiry.is_some()
            && validity.api_clock.is_some()
    }

    /// A snapshot whose boot clock stood still for less than an interval is
    /// wide: its measures are joined with later ones, and their common part may
    /// miss the truth by less than the later interval's width.
    fn joined_wrongly(&self) -> SignedDuration {
        match self.had_snapshot {
            true => self.width() * 2,
            false => SignedDuration::ZERO,
        }
    }

    /// How wide an interval one contact leaves.
    fn width(&self) -> SignedDuration {
        let (there, back) = self.cloud.plan.ways;
        millis(there + back + SECOND + 10)
    }

    fn before(&self) -> Before {
        let entry = Entry::of(&self.settings).unwrap();
        let token = match entry.read().unwrap() {
            Lookup::Found(token) => Some(*token),
            _ => None,
        };
        let left = token.as_ref().map(|token| self.cloud.left(&token.access_token).0);
        Before {
            mints: self.cloud.mints(),
            token,
            left: left.unwrap_or_default(),
            troubles: self.troubles,
        }
    }

    fn check_cause(&self, before: &Before) -> Result<(), TestCaseError> {
        let mints = self.cloud.mints() - before.mints;
        let Some(token) = before.token.as_ref().filter(|_| mints > 0) else {
            return Ok(());
        };
        let validity = &token.validity;
        let plan = &self.cloud.plan;
        // Known already, or seen just now.
        let lead = match self.settings.verify {
            Verify::Never => SignedDuration::ZERO,
            Verify::Auto | Verify::Always => millis(plan.lead.max(0)),
        };
        let policy = &self.settings.freshness;
        let needed = policy.required_ttl(validity) + policy.skew.max(lead);
        let is_short = before.left < needed + self.dispute(validity);
        let never_seen = validity.issuer_expiry.is_none()
            || (validity.api_clock.is_none() && self.settings.verify == Verify::Always);
        let can_be_revalidated = before.troubles > 0 && never_seen;
        let not_yet_valid = plan.jwt && plan.lead < 0;
        prop_assert!(
            is_short || can_be_revalidated || not_yet_valid,
            "minted, though {:?} of {needed:?} were left: {validity:#?}",
            before.left
        );
        Ok(())
    }

    /// What measuring costs at most: intervals of both remote clocks, at the
    /// mint and now, and the drift of the local ones.
    fn dispute(&self, validity: &TokenValidity) -> SignedDuration {
        let age = self.runner.truth() - self.runner.truth_of(&validity.sent);
        self.width() * 6 + age / 500 + SignedDuration::from_secs(2)
    }
}

proptest! {
    #![proptest_config(Config { cases: 500, max_shrink_iters: 4_000, failure_persistence: None, ..Config::default() })]

    #[test]
    fn what_is_handed_out_lives_as_promised_and_nothing_is_made_without_a_cause(
        scenario in scenario(),
        steps in prop::collection::vec(step(), 1..12),
    ) {
        let runner = Runner::new(scenario.wall_ahead, scenario.drift);
        let mut scene = Scene::new(&scenario, &runner);
        for step in &steps {
            scene.live(step)?;
        }
        drop(scene.dir);
    }
}
