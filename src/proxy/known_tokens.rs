//! The tokens that clients may present for the current one: those of this run, and
//! those that earlier or other processes have handed out for the same client.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::cache::IssuedTokens;
use crate::random::{Sha256, sha256};
use crate::token::AccessToken;

/// The tokens by their hashes: expired ones need not be kept themselves.
pub(super) struct KnownTokens {
    /// Each with the time at which it was last noted to be in use.
    tokens: HashMap<Sha256, Timestamp>,
    issued: Option<Arc<IssuedTokens>>,
}

/// The time after which it is noted anew that a token is in use.
const PERIOD: SignedDuration = SignedDuration::from_hours(24);

impl KnownTokens {
    pub(super) fn new(issued: Option<Arc<IssuedTokens>>) -> KnownTokens {
        KnownTokens { tokens: HashMap::new(), issued }
    }

    /// Adds a token, for as long as the process runs.
    pub(super) fn insert(&mut self, token: &AccessToken, now: Timestamp) {
        self.tokens.insert(sha256(token.expose().as_bytes()), now);
    }

    /// Returns whether a client may present this token.
    pub(super) fn contains(&mut self, token: &str, now: Timestamp) -> bool {
        let token = sha256(token.as_bytes());
        let KnownTokens { tokens, issued } = self;
        let is_issued = || issued.as_ref().is_some_and(|issued| issued.contains(&token, now));
        match tokens.get_mut(&token) {
            Some(noted) if now.duration_since(*noted).abs() < PERIOD => true,
            Some(noted) => {
                *noted = now;
                is_issued();
                true
            }
            None if is_issued() => {
                tokens.insert(token, now);
                true
            }
            None => false,
        }
    }
}
