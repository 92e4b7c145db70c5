//! The tokens that a run mints for itself alone, which are revoked at its end.

use std::sync::{Condvar, Mutex};
use std::time::Duration;

use jiff::SignedDuration;

use super::revocation::{RATE_LIMIT_WAIT, RevocationEndpoint};
use crate::clock::Reading;
use crate::context::{Clock, Context};
use crate::error::{Error, Kind, Result};
use crate::sync;
use crate::token::{AccessToken, Token};

/// To be used without a cache, so that no other run gets these tokens.
pub struct MintedTokens {
    endpoint: RevocationEndpoint,
    context: Context,
    state: Mutex<MintedState>,
    mint_ended: Condvar,
}

#[derive(Default)]
struct MintedState {
    tokens: Vec<Token>,
    mints_under_way: u32,
    has_ended: bool,
}

pub struct RevokedTokens {
    pub count: usize,
    pub failures: Vec<Error>,
}

/// For all tokens together. Terraform waits only for a short time until a plugin has ended,
/// and so does a CI system for a job that was cancelled.
const REVOCATION_TIMEOUT: Duration = Duration::from_secs(5);

const EXPIRY_MARGIN: SignedDuration = SignedDuration::from_mins(10);

impl MintedTokens {
    pub fn new(endpoint: RevocationEndpoint, context: &Context) -> MintedTokens {
        MintedTokens {
            endpoint,
            context: context.clone(),
            state: Mutex::default(),
            mint_ended: Condvar::new(),
        }
    }

    /// Runs `mint` and remembers its token, which is revoked at once if the run has ended
    /// meanwhile.
    ///
    /// # Errors
    /// Those of `mint`; `System` if the run has ended.
    pub fn record(&self, mint: impl FnOnce() -> Result<Token>) -> Result<Token> {
        {
            let mut state = sync::lock(&self.state);
            if state.has_ended {
                return Err(run_has_ended());
            }
            state.mints_under_way += 1;
        }
        let minted = match mint() {
            Ok(late) if !self.remember(&late) => {
                self.revoke(&[late.access_token], Duration::ZERO);
                Err(run_has_ended())
            }
            minted => minted,
        };
        sync::lock(&self.state).mints_under_way -= 1;
        self.mint_ended.notify_all();
        minted
    }

    /// Returns false if the run has ended.
    fn remember(&self, token: &Token) -> bool {
        let mut state = sync::lock(&self.state);
        if state.has_ended {
            return false;
        }
        let now = self.context.clock.read();
        state.tokens.retain(|token| may_be_active(token, &now));
        state.tokens.push(token.clone());
        true
    }

    /// Revokes the tokens and waits for mints under way, for at most [`REVOCATION_TIMEOUT`], and
    /// for the API's rate limit. Later mints fail.
    pub fn revoke_all(&self) -> RevokedTokens {
        self.end(RATE_LIMIT_WAIT)
    }

    /// Like [`MintedTokens::revoke_all`], without a wait for the rate limit.
    pub fn revoke_at_once(&self) -> RevokedTokens {
        self.end(Duration::ZERO)
    }

    fn end(&self, rate_limit_wait: Duration) -> RevokedTokens {
        let start = self.context.clock.read();
        let tokens: Vec<AccessToken> = {
            let mut state = sync::lock(&self.state);
            state.has_ended = true;
            std::mem::take(&mut state.tokens).into_iter().map(|token| token.access_token).collect()
        };
        let results = self.revoke(&tokens, rate_limit_wait);
        self.wait_for_mints(&*self.context.clock, start.boot);
        let count = results.len();
        let failures = results.into_iter().filter_map(Result::err).collect();
        RevokedTokens { count, failures }
    }

    fn revoke(&self, tokens: &[AccessToken], rate_limit_wait: Duration) -> Vec<Result<()>> {
        self.endpoint.revoke_all(tokens, REVOCATION_TIMEOUT, rate_limit_wait)
    }

    fn wait_for_mints(&self, clock: &dyn Clock, start: SignedDuration) {
        let elapsed = clock.read().boot.saturating_sub(start).unsigned_abs();
        let rest = REVOCATION_TIMEOUT.saturating_sub(elapsed);
        let state = sync::lock(&self.state);
        let is_minting = |state: &mut MintedState| state.mints_under_way > 0;
        let _ = self.mint_ended.wait_timeout_while(state, rest, is_minting);
    }
}

impl RevokedTokens {
    pub fn warning(&self) -> Option<String> {
        let reason = self.failures.first()?.one_line();
        Some(match (self.failures.len(), self.count) {
            (_, 1) => format!(
                "the token of this run was not revoked, and is valid until it expires: {reason}"
            ),
            (failed, count) => format!(
                "{failed} of the {count} tokens of this run were not revoked, and are valid until \
                 they expire: {reason}"
            ),
        })
    }
}

/// The known lifetime is a lower bound.
fn may_be_active(token: &Token, now: &Reading) -> bool {
    let remaining = token.validity.remaining(now);
    remaining.map_or(true, |remaining| remaining > -EXPIRY_MARGIN)
}

pub fn run_has_ended() -> Error {
    Error::new(Kind::System, "the run ended before the token was minted")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::tests::reading;
    use crate::token::tests::token;

    #[test]
    fn a_token_may_be_active_for_some_time_after_its_known_end() {
        let token = token("token", 100);
        let after_end = |seconds: i64| reading(200 + seconds, 1_100 + seconds);
        assert!(may_be_active(&token, &after_end(-1)));
        assert!(may_be_active(&token, &after_end(599)));
        assert!(!may_be_active(&token, &after_end(600)));
    }
}
