//! The current token: renewed before it gets short, replaced when the API
//! refuses it, by one mint for all who wait.

mod backoff;
mod idle;
mod renewal;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use hyper::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use jiff::{SignedDuration, Timestamp};

use super::known_tokens::KnownTokens;
use super::metrics::Metrics;
use super::rate_limit::RateLimit;
use super::source::Source;
use super::stand_in::StandIn;
use crate::cache::IssuedTokens;
use crate::context::{Clock, Context, Reporter};
use crate::oauth::tokens_me;
use crate::random::sha256;
use crate::sync;
use crate::token::{AccessToken, Token, TokenValidity};
use idle::Uses;
pub(super) use renewal::Outage;
use renewal::{Failing, Why};

/// Holds the current token, and knows the earlier ones.
pub(super) struct TokenSource {
    source: Arc<dyn Source>,
    clock: Arc<dyn Clock>,
    reporter: Arc<Reporter>,
    metrics: Arc<Metrics>,
    /// Handed out in place of every token, where there is one.
    stand_in: Option<StandIn>,
    issued: Option<Arc<IssuedTokens>>,
    state: Mutex<State>,
    /// ReplayBody by the one who makes a token. The others wait for it.
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

struct State {
    current: Arc<Current>,
    known: KnownTokens,
    uses: Uses,
    rate_limit: RateLimit,
    failing: Option<Failing>,
    /// How many attempts have failed so far.
    failures: u64,
}

impl TokenSource {
    pub(super) fn new(
        source: Arc<dyn Source>,
        token: Token,
        stand_in: Option<StandIn>,
        issued: Option<IssuedTokens>,
        context: &Context,
        metrics: Arc<Metrics>,
    ) -> TokenSource {
        let issued = issued.map(Arc::new);
        let mut known = KnownTokens::new(issued.clone());
        let now = context.clock.read().wall;
        let own = stand_in.as_ref().map(|stand_in| (&stand_in.token, stand_in.outlives_run));
        for (token, lasts) in [Some((&token.access_token, true)), own].into_iter().flatten() {
            known.insert(token, now);
            if lasts && let Err(error) = remember(issued.as_deref(), token, now) {
                context.reporter.warn(format_args!(
                    "a token that clients keep is not known after a restart: {error}"
                ));
            }
        }
        let state = State {
            uses: Uses::of(&token),
            current: Arc::new(Current::new(token)),
            known,
            rate_limit: RateLimit::FULL,
            failing: None,
            failures: 0,
        };
        TokenSource {
            source,
            clock: context.clock.clone(),
            reporter: context.reporter.clone(),
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

    /// Returns the same for a client that has not authenticated yet: only hashes are
    /// compared, so that the time it takes tells nothing of the tokens.
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

    /// Has another token take the place of one that the client has revoked, in
    /// the background.
    pub(super) fn forget(self: &Arc<Self>, revoked: Arc<Current>) {
        let token_source = self.clone();
        tokio::spawn(async move { token_source.take_turn(revoked, Why::Refused).await });
    }

    /// Returns the token that clients are given for this one: the stand-in where there is
    /// one, otherwise the token itself.
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
    pub(super) fn validity(&self) -> TokenValidity {
        self.state().current.token.validity.clone()
    }

    /// How long the token lives still, as a client is told.
    pub(super) fn remaining(&self, current: &Current) -> SignedDuration {
        let remaining = current.token.validity.remaining(&self.clock.read());
        remaining.unwrap_or_default().max(SignedDuration::ZERO)
    }

    /// What is left of a token's life once the skew is taken off.
    fn left(&self, current: &Current) -> SignedDuration {
        let left =
            self.source.policy().remaining_after_skew(&current.token.validity, &self.clock.read());
        left.unwrap_or_default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        sync::lock(&self.state)
    }
}

impl Current {
    fn new(token: Token) -> Current {
        // The endpoint takes no token that a header cannot hold.
        let header = tokens_me::bearer(&token.access_token);
        Current { header: header.unwrap_or(HeaderValue::from_static("Bearer")), token }
    }
}

/// Makes the token known to processes that are started later, where that is wanted.
fn remember(issued: Option<&IssuedTokens>, token: &AccessToken, now: Timestamp) -> io::Result<()> {
    issued.map_or(Ok(()), |issued| issued.add(&sha256(token.expose().as_bytes()), now))
}

/// The token of an Authorization header that presents one.
fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests;
