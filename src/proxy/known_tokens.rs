//! The tokens that clients may present: those of this run, and those that other processes
//! have handed out for the same OAuth client.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::cache::IssuedTokens;
use crate::random::{Sha256, sha256};
use crate::token::AccessToken;

/// Holds hashes, as expired tokens remain known.
pub(super) struct KnownTokens {
    /// The value is the time at which the use of a token was last recorded.
    tokens: HashMap<Sha256, Timestamp>,
    issued: Option<Arc<IssuedTokens>>,
}

/// The time after which the use of a token is recorded again.
const RECORD_INTERVAL: SignedDuration = SignedDuration::from_hours(24);

impl KnownTokens {
    pub(super) fn new(issued: Option<Arc<IssuedTokens>>) -> KnownTokens {
        KnownTokens { tokens: HashMap::new(), issued }
    }

    pub(super) fn insert(&mut self, token: &AccessToken, now: Timestamp) {
        self.tokens.insert(sha256(token.expose().as_bytes()), now);
    }

    pub(super) fn contains(&mut self, token: &str, now: Timestamp) -> bool {
        let token = sha256(token.as_bytes());
        let KnownTokens { tokens, issued } = self;
        let is_issued = || issued.as_ref().is_some_and(|issued| issued.contains(&token, now));
        match tokens.get_mut(&token) {
            Some(recorded) if now.duration_since(*recorded).abs() < RECORD_INTERVAL => true,
            Some(recorded) => {
                *recorded = now;
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
