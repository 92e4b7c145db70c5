//! The decisions by which one machine mints and all others take its token. Pure: what the store
//! shows and what the clocks show are arguments.

use std::time::Duration;

use jiff::SignedDuration;

use super::{Record, SharedFailure};
use crate::clock::{OffsetEstimate, Reading};
use crate::error::Error;
use crate::token::{AccessToken, FreshnessPolicy, StaleReason, Token, Verdict};

/// One call's way to a token, from the first look at the record to the end of all waits.
pub struct SingleFlight<'a> {
    policy: &'a FreshnessPolicy,
    start: Reading,
    /// Not to be used, whatever the clocks say.
    rejected: Vec<AccessToken>,
    /// Not to be used by this call.
    passed_over: Option<AccessToken>,
    /// The token of the first look.
    first_token: Option<Option<AccessToken>>,
    /// The turn that was seen last, and when it was first seen.
    seen_turn: Option<(String, Reading)>,
    /// Waits for that turn.
    waits: u32,
    has_waited: bool,
    first_wait: Duration,
}

/// A record as it was read.
#[derive(Debug, Clone, Copy)]
pub struct RecordView<'a> {
    /// `None` for a record that does not exist or is unusable.
    pub record: Option<&'a Record>,
    /// The turn is that of this machine, which does not know: the reply to its swap was lost.
    pub has_own_turn: bool,
    pub age: Option<SignedDuration>,
    pub clock: Option<&'a OffsetEstimate>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    Use(Box<Token>),
    /// The token is good, but not for much longer: whoever gets the turn mints, and all others
    /// use this one.
    RefreshEarly(Box<Token>),
    /// The clocks do not tell whether the token is good: a remote clock has to.
    Check(Box<Token>),
    /// Another machine has minted the token since this call began. It was too short for this
    /// machine even when it was new, and another one would be as well.
    TooShort(Box<Token>),
    TakeTurn,
    /// Another machine mints: look again after this time.
    Wait(Duration),
    /// The mint of another machine has failed.
    Fail(Error),
}

/// The time after which a machine that has not renewed its turn is taken to be dead.
pub const TURN: Duration = Duration::from_secs(10);

const MAX_WAIT: Duration = Duration::from_secs(1);

/// Some stores keep a `Date` for a second, so that a record may seem to be written after it.
const DATE_JITTER: SignedDuration = SignedDuration::from_secs(-2);

/// The time within which machines look again after a turn is over.
const SPREAD: Duration = Duration::from_millis(300);

impl RecordView<'_> {
    /// Returns the time until the turn is over, if somebody has it: when the record has stood for
    /// [`TURN`] by the store's clock, or its number has been `seen_for` as long. No wall clock
    /// takes part.
    pub fn turn_left(&self, seen_for: Option<SignedDuration>) -> Option<Duration> {
        self.record?.turn.as_ref()?;
        let stood = self.age.max(seen_for).unwrap_or_default().max(SignedDuration::ZERO);
        Some(TURN.saturating_sub(stood.unsigned_abs()))
    }
}

impl<'a> SingleFlight<'a> {
    /// `first_wait` is about how long to wait before the second look.
    pub fn new(
        policy: &'a FreshnessPolicy,
        start: Reading,
        rejected: Option<AccessToken>,
        first_wait: Duration,
    ) -> SingleFlight<'a> {
        let rejected = rejected.into_iter().collect();
        SingleFlight {
            policy,
            start,
            rejected,
            passed_over: None,
            first_token: None,
            seen_turn: None,
            waits: 0,
            has_waited: false,
            first_wait,
        }
    }

    /// Returns whether nobody should use the token of `view`.
    pub fn is_rejected(&self, view: RecordView<'_>) -> bool {
        let token = view.record.and_then(|record| record.token.as_ref());
        token.is_some_and(|shared| self.rejected.contains(&shared.token.access_token))
    }

    /// Nobody is to use a token that the API has rejected.
    pub fn reject(&mut self, token: AccessToken) {
        self.rejected.push(token);
    }

    /// This call does not consider the token again, which may be good for others.
    pub fn pass_over(&mut self, token: AccessToken) {
        self.passed_over = Some(token);
    }

    /// Returns a failure that another machine has met since the call began, and no third one.
    pub fn unconfirmed_failure<'v>(
        &self,
        view: RecordView<'v>,
        now: &Reading,
    ) -> Option<&'v SharedFailure> {
        let failure = view.record?.failure.as_ref()?;
        (failure.is_unconfirmed && self.precedes(view.age, now)).then_some(failure)
    }

    /// Decides by a record that was read at `now`. `jitter`, in 0..1, varies a wait, so that
    /// machines that started together do not come back together.
    pub fn decide(&mut self, view: RecordView<'_>, now: &Reading, jitter: f64) -> Decision {
        let turn_left = self.turn_left(view, now);
        let shared = view.record.and_then(|record| record.token.as_ref());
        let shared = shared.filter(|shared| {
            !self.is_rejected(view) && self.passed_over.as_ref() != Some(&shared.token.access_token)
        });
        let first_token = shared.map(|shared| shared.token.access_token.clone());
        self.first_token.get_or_insert(first_token);
        if let Some(shared) = shared {
            let here = shared.on_this_machine(view.clock, now);
            if !self.policy.accepts_new(&shared.token.validity)
                && self.is_newer_than_call(&shared.token, here.as_ref())
            {
                return Decision::TooShort(here.unwrap_or_else(|| shared.token.clone()).into());
            }
            match here {
                None => return Decision::Check(shared.token.clone().into()),
                Some(token) if self.is_idle(&token, now) => {
                    return Decision::Check(shared.token.clone().into());
                }
                Some(token) if self.is_fresh(&token, now) => {
                    return if !turn_left.is_zero() || !self.is_short(&token, now) {
                        Decision::Use(token.into())
                    } else {
                        Decision::RefreshEarly(token.into())
                    };
                }
                Some(_) => {}
            }
        }
        if let Some(failure) = view.record.and_then(|record| record.failure.as_ref())
            && self.applies(failure, view.age, now)
        {
            return Decision::Fail(failure.for_others());
        }
        if turn_left.is_zero() {
            return Decision::TakeTurn;
        }
        let until_over = turn_left.saturating_add(SPREAD.mul_f64(jitter));
        Decision::Wait(self.next_wait(jitter).min(until_over))
    }

    /// Returns how long to wait after another machine has won the swap.
    pub fn next_wait(&mut self, jitter: f64) -> Duration {
        let growth = 1.5_f64.powi(self.waits.min(16) as i32);
        self.waits += 1;
        self.has_waited = true;
        self.first_wait.mul_f64(growth).min(MAX_WAIT).mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
    }

    /// Returns how long to wait for the turn of another machine, by the store's clock or by this
    /// machine's boot clock.
    fn turn_left(&mut self, view: RecordView<'_>, now: &Reading) -> Duration {
        let turn = view.record.and_then(|record| record.turn.as_ref());
        let Some(turn) = turn.filter(|_| !view.has_own_turn) else {
            return Duration::ZERO;
        };
        let first_seen = match &self.seen_turn {
            Some((seen, at)) if seen == turn => at.clone(),
            _ => {
                self.seen_turn = Some((turn.clone(), now.clone()));
                self.waits = 0;
                now.clone()
            }
        };
        view.turn_left(now.boot_since(&first_seen)).unwrap_or_default()
    }

    /// A failure counts if it is newer than the call, or if the issuer asked to wait.
    fn applies(&self, failure: &SharedFailure, age: Option<SignedDuration>, now: &Reading) -> bool {
        let closed_for = SignedDuration::from_secs(failure.closed_for.into());
        let is_closed = age.is_some_and(|age| age >= DATE_JITTER && age < closed_for);
        !failure.is_unconfirmed && (is_closed || self.precedes(age, now))
    }

    /// Returns whether the call began before a record was written that is `age` old.
    fn precedes(&self, age: Option<SignedDuration>, now: &Reading) -> bool {
        match age.filter(|age| *age >= DATE_JITTER) {
            Some(age) => now.boot_since(&self.start).is_some_and(|since_start| age <= since_start),
            None => self.has_waited,
        }
    }

    /// `here` is the token by this machine's clocks. A token that was not there at the first look
    /// needs none.
    fn is_newer_than_call(&self, token: &Token, here: Option<&Token>) -> bool {
        let was_absent = |first: &Option<AccessToken>| first.as_ref() != Some(&token.access_token);
        let since_start = here.and_then(|here| here.validity.sent.boot_since(&self.start));
        self.first_token.as_ref().is_some_and(was_absent)
            || since_start.is_some_and(|since| !since.is_negative())
    }

    fn is_fresh(&self, token: &Token, now: &Reading) -> bool {
        matches!(self.policy.judge(&token.validity, now), Verdict::Fresh { .. })
    }

    fn is_idle(&self, token: &Token, now: &Reading) -> bool {
        matches!(self.policy.judge(&token.validity, now), Verdict::Stale(StaleReason::Idle { .. }))
    }

    /// Returns whether a fresh token lives less than 1.25 times as long as required, or is in the
    /// second half of what a new one has more than is required.
    fn is_short(&self, token: &Token, now: &Reading) -> bool {
        let validity = &token.validity;
        let required = self.policy.required_ttl(validity);
        let skew = self.policy.effective_skew(validity);
        let spare = validity.initial_lifetime.saturating_sub(skew).saturating_sub(required);
        let wanted = required.saturating_add((required / 4).min(spare / 2));
        self.policy.remaining_after_skew(&token.validity, now).is_none_or(|left| left < wanted)
    }
}

#[cfg(test)]
mod tests;
