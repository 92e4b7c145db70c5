//! The state of a token source.

use std::sync::Arc;
use std::time::Duration;

use hyper::header::HeaderValue;
use jiff::SignedDuration;

use crate::broker::{ProvidedToken, TokenOrigin};
use crate::clock::Reading;
use crate::oauth::tokens_me;
use crate::proxy::backoff::Backoff;
use crate::proxy::refresh_limiter::RefreshLimiter;
use crate::token::{IdleTimeout, Token};

pub(super) struct TokenState {
    pub(super) current: Arc<BearerToken>,
    pub(super) last_use: LastUse,
    pub(super) refresh_limiter: RefreshLimiter,
    pub(super) refresh_failure: Option<RefreshFailure>,
    pub(super) failure_count: u64,
}

pub(in super::super) struct BearerToken {
    pub(in super::super) token: Token,
    pub(in super::super) header: HeaderValue,
    /// This process minted the token: no other one has used it before.
    pub(in super::super) is_minted: bool,
}

pub(super) struct LastUse {
    /// Just before the last request that the API accepted.
    pub(super) at: Reading,
    pub(super) recorded: Reading,
    pub(super) backoff: Option<Backoff>,
}

pub(super) struct RefreshFailure {
    pub(super) backoff: Backoff,
    /// The reason for clients, if another attempt may succeed.
    pub(super) transient_reason: Option<String>,
}

pub(in super::super) struct Outage {
    pub(in super::super) reason: String,
    pub(in super::super) retry_after: Duration,
}

impl TokenState {
    pub(super) fn note_use(&mut self, token: &Arc<BearerToken>, at: &Reading) {
        // A use in another boot, as read from the cache, cannot be compared.
        let is_later = at.boot_since(&self.last_use.at).is_none_or(|since| since.is_positive());
        if Arc::ptr_eq(&self.current, token) && is_later {
            self.last_use.at = at.clone();
        }
    }

    pub(super) fn refresh_backoff(&self, now: &Reading) -> SignedDuration {
        let failure = self.refresh_failure.as_ref();
        failure.map_or(SignedDuration::ZERO, |failure| failure.backoff.remaining(now))
    }
}

impl LastUse {
    pub(super) fn of(token: &Token) -> LastUse {
        let at = token.validity.last_used().clone();
        LastUse { recorded: at.clone(), at, backoff: None }
    }

    pub(super) fn until_call(&self, timeout: IdleTimeout, now: &Reading) -> SignedDuration {
        let remaining = timeout.remaining(&self.at, now).unwrap_or_default();
        let backoff = self.backoff.as_ref().map(|backoff| backoff.remaining(now));
        remaining.max(backoff.unwrap_or_default())
    }
}

impl BearerToken {
    pub(in super::super) fn new(token: Token) -> BearerToken {
        // The issuer's response was refused if no header can hold its token.
        let header = tokens_me::bearer(&token.access_token);
        let header = header.unwrap_or(HeaderValue::from_static("Bearer"));
        BearerToken { header, token, is_minted: false }
    }
}

impl From<ProvidedToken> for BearerToken {
    fn from(provided: ProvidedToken) -> BearerToken {
        let is_minted = provided.origin == TokenOrigin::Minted;
        BearerToken { is_minted, ..BearerToken::new(provided.token) }
    }
}
