//! The tokens that clients of a run are given, and those that they may present.

use std::io;
use std::sync::{Arc, Mutex};

use hyper::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use jiff::Timestamp;

use super::known_tokens::KnownTokens;
use super::stand_in::StandIn;
use crate::cache::IssuedTokens;
use crate::context::Reporter;
use crate::http_auth::bearer_token;
use crate::oauth::MintedTokens;
use crate::random::sha256;
use crate::sync;
use crate::token::{AccessToken, Token};

pub struct ClientTokens {
    pub token: Token,
    /// Handed out in place of every token.
    pub stand_in: Option<StandIn>,
    /// Lets later processes recognize the tokens that clients got.
    pub issued: Option<IssuedTokens>,
    /// Collects the tokens that the run mints, to be revoked after it.
    pub minted: Option<Arc<MintedTokens>>,
}

impl ClientTokens {
    pub fn new(token: Token, stand_in: Option<StandIn>) -> ClientTokens {
        ClientTokens { token, stand_in, issued: None, minted: None }
    }
}

pub(super) struct AcceptedTokens {
    stand_in: Option<StandIn>,
    issued: Option<Arc<IssuedTokens>>,
    known: Mutex<KnownTokens>,
}

impl AcceptedTokens {
    pub(super) fn new(
        first: &AccessToken,
        stand_in: Option<StandIn>,
        issued: Option<IssuedTokens>,
        now: Timestamp,
        reporter: &Reporter,
    ) -> AcceptedTokens {
        let issued = issued.map(Arc::new);
        let mut known = KnownTokens::new(issued.clone());
        let stand_in_token =
            stand_in.as_ref().map(|stand_in| (&stand_in.token, stand_in.outlives_run));
        let handed_out = [Some((first, true)), stand_in_token];
        for (token, outlives_run) in handed_out.into_iter().flatten() {
            known.insert(token, now);
            if outlives_run && let Err(error) = remember(issued.as_deref(), token, now) {
                reporter.warn(format_args!(
                    "a restarted proxy will not recognize the tokens that its clients keep: {error}"
                ));
            }
        }
        AcceptedTokens { stand_in, issued, known: Mutex::new(known) }
    }

    /// Makes a token known to later processes before any client sees it. Blocks.
    pub(super) fn remember(&self, token: &AccessToken, now: Timestamp) {
        let stand_in = self.stand_in.as_ref().filter(|stand_in| stand_in.outlives_run);
        let stand_in = stand_in.map(|stand_in| &stand_in.token);
        for token in [Some(token), stand_in].into_iter().flatten() {
            // A failure was reported at the start.
            let _ = remember(self.issued.as_deref(), token, now);
        }
    }

    pub(super) fn insert(&self, token: &AccessToken, now: Timestamp) {
        sync::lock(&self.known).insert(token, now);
    }

    /// Returns whether a request presents a token that this run or an earlier one handed
    /// out. Most clients present the stand-in, or else the current token.
    pub(super) fn recognizes(
        &self,
        headers: &HeaderMap,
        is_current: impl FnOnce(&HeaderValue) -> bool,
        now: Timestamp,
    ) -> bool {
        let Some(value) = headers.get(AUTHORIZATION) else {
            return false;
        };
        let is_usual = match &self.stand_in {
            Some(stand_in) => value == stand_in.header,
            None => is_current(value),
        };
        let is_known = |token| sync::lock(&self.known).contains(token, now);
        is_usual || bearer_token(value).is_some_and(is_known)
    }

    /// Like [`AcceptedTokens::recognizes`], for a client that has not authenticated yet: only
    /// hashes are compared, so that the time it takes tells nothing about the tokens.
    pub(super) fn authenticates(&self, headers: &HeaderMap, now: Timestamp) -> bool {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let token = values.next().and_then(bearer_token);
        let is_known = token.is_some_and(|token| sync::lock(&self.known).contains(token, now));
        is_known && values.next().is_none()
    }

    /// Returns the token that clients are given for this one: the stand-in if there is one.
    pub(super) fn for_clients<'a>(&'a self, current: &'a AccessToken) -> &'a AccessToken {
        self.stand_in.as_ref().map_or(current, |stand_in| &stand_in.token)
    }
}

fn remember(issued: Option<&IssuedTokens>, token: &AccessToken, now: Timestamp) -> io::Result<()> {
    issued.map_or(Ok(()), |issued| issued.add(&sha256(token.expose().as_bytes()), now))
}
