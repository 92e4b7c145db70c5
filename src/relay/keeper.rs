//! The current token: renewed before it gets short, replaced when the API
//! refuses it, by one mint for all who wait.

mod idle;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use jiff::SignedDuration;

use super::allowance::Allowance;
use super::known::Known;
use super::metrics::Metrics;
use super::source::Source;
use super::stand_in::StandIn;
use crate::api;
use crate::broker::{Given, How};
use crate::cache::Issued;
use crate::clock::Reading;
use crate::error::Result;
use crate::random::hash;
use crate::token::{AccessToken, Stamp, Token};
use crate::world::{Clock, Talk, World};
use idle::Uses;

/// Holds the current token, and knows the earlier ones.
pub(super) struct Keeper {
    source: Arc<dyn Source>,
    clock: Arc<dyn Clock>,
    talk: Arc<Talk>,
    metrics: Arc<Metrics>,
    /// Handed out in place of every token, where there is one.
    stand_in: Option<StandIn>,
    issued: Option<Arc<Issued>>,
    state: Mutex<State>,
    /// Held by the one who makes a token. The others wait for it.
    turn: tokio::sync::Mutex<()>,
}

/// A token, and the header that presents it.
pub(super) struct Current {
    pub(super) token: Token,
    pub(super) header: HeaderValue,
}

/// A token for a request.
pub(super) enum Found {
    /// Alive, as far as anybody knows.
    Alive(Arc<Current>),
    /// Dead, and no other can be had. It is for the API to refuse it.
    Dead(Arc<Current>),
}

/// Why another token is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    /// It gets short. There is time to try again.
    Short,
    /// It is dead, and a request waits.
    Dead,
    /// The API refuses it, and a request waits.
    Refused,
    /// A person asks for it.
    Reload,
}

struct State {
    current: Arc<Current>,
    known: Known,
    uses: Uses,
    allowance: Allowance,
    failing: Option<Failing>,
    /// How many attempts have failed so far.
    failures: u64,
}

/// Attempts have failed, and the next one has to wait.
struct Failing {
    last: Reading,
    wait: SignedDuration,
    /// In the words for clients, where another attempt may succeed.
    outage: Option<String>,
}

/// No other token can be had at the moment.
pub(super) struct Outage {
    pub(super) reason: String,
    /// How long it takes until it is worth while to ask again.
    pub(super) retry_after: Duration,
}

/// The background looks at the token at least this often, for the clock that
/// it sleeps by stands still while the machine does.
const LOOK: SignedDuration = SignedDuration::from_secs(30);
/// And not more often than this.
const REST: SignedDuration = SignedDuration::from_millis(250);

/// After a failed attempt, the next one waits this long, and twice as long
/// after each one more.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(1);
/// But not longer than this.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_secs(30);

impl Keeper {
    pub(super) fn new(
        source: Arc<dyn Source>,
        token: Token,
        stand_in: Option<StandIn>,
        issued: Option<Issued>,
        world: &World,
        metrics: Arc<Metrics>,
    ) -> Keeper {
        let issued = issued.map(Arc::new);
        let mut known = Known::new(issued.clone());
        let now = world.clock.read().wall;
        let own = stand_in.as_ref().map(|stand_in| (&stand_in.token, stand_in.outlives_run));
        for (token, lasts) in [Some((&token.access_token, true)), own].into_iter().flatten() {
            known.insert(token, now);
            if let Some(issued) = issued.as_ref().filter(|_| lasts)
                && let Err(error) = issued.add(&hash(token.expose().as_bytes()), now)
            {
                world.talk.warn(format_args!(
                    "a token that clients keep is not known after a restart: {error}"
                ));
            }
        }
        let state = State {
            uses: Uses::of(&token),
            current: Arc::new(Current::new(token)),
            known,
            allowance: Allowance::FULL,
            failing: None,
            failures: 0,
        };
        Keeper {
            source,
            clock: world.clock.clone(),
            talk: world.talk.clone(),
            metrics,
            stand_in,
            issued,
            state: Mutex::new(state),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Whether a request carries a token of this run.
    pub(super) fn knows(&self, headers: &HeaderMap) -> bool {
        let Some(value) = headers.get(AUTHORIZATION) else {
            return false;
        };
        let mut state = self.state();
        // Most clients present the stand-in, or the token that is still current.
        let usual = self.stand_in.as_ref().map_or(&state.current.header, |it| &it.header);
        if value == usual {
            return true;
        }
        let now = self.clock.read().wall;
        bearer(value).is_some_and(|token| state.known.contains(token, now))
    }

    /// The same, where nobody knows yet who asks: how long it takes tells nothing of
    /// the tokens, for their hashes alone are compared.
    pub(super) fn admits(&self, headers: &HeaderMap) -> bool {
        let mut presented = headers.get_all(AUTHORIZATION).iter();
        let token = presented.next().and_then(bearer);
        let now = self.clock.read().wall;
        let is_known = token.is_some_and(|token| self.state().known.contains(token, now));
        is_known && presented.next().is_none()
    }

    /// The current token. If it has died in the background, while the machine
    /// slept or the issuer was out of reach, another one is made first.
    pub(super) async fn current(self: &Arc<Self>) -> Found {
        let current = self.state().current.clone();
        if self.left(&current).is_positive() {
            return Found::Alive(current);
        }
        match self.renew(current.clone(), Why::Dead).await {
            Some(current) => Found::Alive(current),
            None => Found::Dead(current),
        }
    }

    /// The token that takes the place of one that the API has refused; `None`
    /// where there is none.
    pub(super) async fn replace(self: &Arc<Self>, refused: Arc<Current>) -> Option<Arc<Current>> {
        self.renew(refused, Why::Refused).await
    }

    /// Why no other token can be had, where that will pass. Credentials that the
    /// issuer refuses are no such case: they stay wrong.
    pub(super) fn outage(&self) -> Option<Outage> {
        let now = self.clock.read();
        let state = self.state();
        let reason = state.failing.as_ref()?.outage.clone()?;
        let wait = state.must_wait(&now).max(FIRST_WAIT);
        Some(Outage { reason, retry_after: wait.unsigned_abs() })
    }

    /// Has another token take the place of one that the client has revoked, in
    /// the background.
    pub(super) fn forget(self: &Arc<Self>, revoked: Arc<Current>) {
        let keeper = self.clone();
        tokio::spawn(async move { keeper.take_turn(revoked, Why::Refused).await });
    }

    /// What clients are given in place of this token: the stand-in where there
    /// is one, and the token itself otherwise.
    pub(super) fn for_clients<'a>(&'a self, current: &'a Current) -> &'a AccessToken {
        self.stand_in.as_ref().map_or(&current.token.access_token, |it| &it.token)
    }

    /// The current token as clients are given it.
    pub(super) fn client_token(&self) -> Token {
        let current = self.state().current.clone();
        Token { access_token: self.for_clients(&current).clone(), ..current.token.clone() }
    }

    /// Reads the client secret again, and has another token take the place of the
    /// current one where the API refuses that. Does not wait until attempts that
    /// have failed may be repeated. Returns whether there is a good token.
    pub(super) async fn reload(self: &Arc<Self>) -> bool {
        self.state().failing = None;
        let current = self.state().current.clone();
        self.renew(current, Why::Reload).await.is_some()
    }

    /// What is known of the current token.
    pub(super) fn stamp(&self) -> Stamp {
        self.state().current.token.stamp.clone()
    }

    /// How long the token lives still, as a client is told.
    pub(super) fn remaining(&self, current: &Current) -> SignedDuration {
        let remaining = current.token.stamp.remaining(&self.clock.read());
        remaining.unwrap_or_default().max(SignedDuration::ZERO)
    }

    /// Renews the token whenever it gets short, and keeps it in use. Never ends.
    pub(super) async fn keep_fresh(self: Arc<Self>) {
        loop {
            let current = self.state().current.clone();
            let spare = self.spare(&current);
            if !spare.is_positive() {
                self.renew(current, Why::Short).await;
            }
            self.keep_in_use().await;
            let current = self.state().current.clone();
            let rest = self.spare(&current).max(self.must_wait()).min(self.until_idle());
            let rest = rest.clamp(REST, LOOK);
            tokio::time::sleep(rest.unsigned_abs()).await;
        }
    }

    /// Another token in place of `old`, unless there is one already. In a task
    /// of its own: a client that goes away takes no mint along.
    async fn renew(self: &Arc<Self>, old: Arc<Current>, why: Why) -> Option<Arc<Current>> {
        let keeper = self.clone();
        tokio::spawn(async move { keeper.take_turn(old, why).await }).await.ok()?
    }

    async fn take_turn(&self, old: Arc<Current>, why: Why) -> Option<Arc<Current>> {
        let failures = self.state().failures;
        let _turn = self.turn.lock().await;
        {
            let now = self.clock.read();
            let mut state = self.state();
            if !Arc::ptr_eq(&state.current, &old) {
                return Some(state.current.clone());
            }
            if state.failures != failures {
                // The one before us has failed: we would fail as well.
                return None;
            }
            let may_try = match why {
                Why::Short => !state.must_wait(&now).is_positive(),
                // A request had better wait for an issuer that comes back.
                Why::Dead | Why::Refused => state.allowance.take(&now),
                Why::Reload => true,
            };
            if !may_try {
                return None;
            }
        }
        let source = self.source.clone();
        let not_this = (why == Why::Refused).then(|| old.token.access_token.clone());
        let lasting = self.stand_in.as_ref().filter(|stand_in| stand_in.outlives_run);
        let handed_out = lasting.map(|stand_in| stand_in.token.clone());
        let (issued, now) = (self.issued.clone(), self.clock.read().wall);
        let work = move || -> Result<Given> {
            let given = match why {
                Why::Reload => source.reload(),
                Why::Short | Why::Dead | Why::Refused => source.next(not_this.as_ref()),
            }?;
            // Before anybody gets it. What is in the way was said at the start.
            for token in
                [Some(&given.token.access_token), handed_out.as_ref()].into_iter().flatten()
            {
                let hash = hash(token.expose().as_bytes());
                issued.as_ref().map(|issued| issued.add(&hash, now));
            }
            Ok(given)
        };
        match tokio::task::spawn_blocking(work).await.ok()? {
            Ok(given) if given.how != How::Makeshift => {
                if given.how == How::Minted {
                    self.metrics.minted();
                }
                if given.token.access_token != old.token.access_token {
                    self.metrics.renewed();
                }
                Some(self.adopt(given.token))
            }
            // The broker has said why.
            Ok(_makeshift) => self.fail(Some("the issuer gives no longer-lived token".to_owned())),
            Err(error) => {
                let why = error.one_line();
                let hint = error.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
                self.talk.warn(format_args!("the token is not renewed: {why}{hint}"));
                self.fail(error.kind.is_passing().then_some(why))
            }
        }
    }

    fn adopt(&self, token: Token) -> Arc<Current> {
        let now = self.clock.read().wall;
        let mut state = self.state();
        state.known.insert(&token.access_token, now);
        state.uses = Uses::of(&token);
        state.current = Arc::new(Current::new(token));
        state.failing = None;
        state.current.clone()
    }

    fn fail(&self, outage: Option<String>) -> Option<Arc<Current>> {
        self.metrics.failed_renewal();
        let last = self.clock.read();
        let mut state = self.state();
        state.failures += 1;
        let wait = match &state.failing {
            None => FIRST_WAIT,
            Some(failing) => (failing.wait * 2).min(LONGEST_WAIT),
        };
        state.failing = Some(Failing { last, wait, outage });
        None
    }

    /// What is left of a token's life once the skew is taken off.
    fn left(&self, current: &Current) -> SignedDuration {
        let left = self.source.demand().left(&current.token.stamp, &self.clock.read());
        left.unwrap_or_default()
    }

    /// How long the token stays fresh.
    fn spare(&self, current: &Current) -> SignedDuration {
        let wanted = self.source.demand().wanted(&current.token.stamp);
        self.left(current).saturating_sub(wanted)
    }

    fn must_wait(&self) -> SignedDuration {
        self.state().must_wait(&self.clock.read())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// How long the next attempt has to wait.
    fn must_wait(&self, now: &Reading) -> SignedDuration {
        self.failing.as_ref().map_or(SignedDuration::ZERO, |failing| {
            let since = now.boot_since(&failing.last).unwrap_or(SignedDuration::MAX);
            failing.wait.saturating_sub(since)
        })
    }
}

impl Current {
    fn new(token: Token) -> Current {
        // The endpoint takes no token that a header cannot hold.
        let header = api::bearer(&token.access_token);
        Current { header: header.unwrap_or(HeaderValue::from_static("Bearer")), token }
    }
}

/// The token of an Authorization header that presents one.
fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests;
