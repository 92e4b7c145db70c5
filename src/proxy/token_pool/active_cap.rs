//! Finds the cap on active tokens of an OAuth client, which Genesys Cloud does not publish:
//! beyond it each mint invalidates the oldest token.

use std::sync::Arc;

use jiff::SignedDuration;

use crate::clock::Reading;
use crate::proxy::token_source::BearerToken;

#[derive(Default)]
pub(super) struct ActiveCap {
    /// The last mint that may have invalidated a token, and the tokens refused since the
    /// pool grew.
    suspicion: Option<Suspicion>,
    cap: Option<KnownCap>,
    /// The invalid tokens are being removed, and the valid ones counted.
    is_being_counted: bool,
}

struct Suspicion {
    since: SignedDuration,
    refused: u32,
    /// Several requests may be refused with the same token at once.
    last_refused: Option<Arc<BearerToken>>,
}

struct KnownCap {
    tokens: u32,
    found: SignedDuration,
}

/// Tokens are used in turn, so that one may be refused some minutes after the mint.
const SUSPICION_TIME: SignedDuration = SignedDuration::from_mins(5);

/// A cap may have been raised, and tokens may have been revoked for another reason.
const CAP_TIME: SignedDuration = SignedDuration::from_hours(1);

impl ActiveCap {
    pub(super) fn note_growth(&mut self, now: &Reading) {
        let earlier = self.suspicion.take().filter(|suspicion| suspicion.is_current(now));
        let (refused, last_refused) =
            earlier.map_or((0, None), |earlier| (earlier.refused, earlier.last_refused));
        self.suspicion = Some(Suspicion { since: now.boot, refused, last_refused });
    }

    /// Notes that the API refused a token long before its end. Returns whether the cap is
    /// the cause, rather than the revocation of one token.
    pub(super) fn note_refusal(&mut self, token: &Arc<BearerToken>, now: &Reading) -> bool {
        let current = self.suspicion.as_mut().filter(|suspicion| suspicion.is_current(now));
        let Some(suspicion) = current else {
            return false;
        };
        if suspicion.last_refused.as_ref().is_some_and(|last| Arc::ptr_eq(last, token)) {
            return false;
        }
        // The token is replaced by a mint, which may invalidate the next one.
        suspicion.since = now.boot;
        suspicion.refused += 1;
        suspicion.last_refused = Some(token.clone());
        suspicion.refused > 1
    }

    /// Returns whether the count has to begin, because none is under way.
    pub(super) fn try_begin_count(&mut self) -> bool {
        !std::mem::replace(&mut self.is_being_counted, true)
    }

    /// A further mint would invalidate a token that was counted as valid.
    pub(super) fn is_being_counted(&self) -> bool {
        self.is_being_counted
    }

    /// Ends the count. Returns whether it is the first one.
    pub(super) fn set(&mut self, tokens: u32, now: &Reading) -> bool {
        self.is_being_counted = false;
        let is_new = self.cap.is_none();
        self.cap = Some(KnownCap { tokens, found: now.boot });
        is_new
    }

    pub(super) fn get(&self, now: &Reading) -> Option<u32> {
        let cap = self.cap.as_ref()?;
        (now.boot.saturating_sub(cap.found) < CAP_TIME).then_some(cap.tokens)
    }

    /// Returns whether a token that the API refuses now may be one too many.
    pub(super) fn is_suspected(&self, now: &Reading) -> bool {
        self.suspicion.as_ref().is_some_and(|suspicion| suspicion.is_current(now))
    }
}

impl Suspicion {
    fn is_current(&self, now: &Reading) -> bool {
        now.boot.saturating_sub(self.since) < SUSPICION_TIME
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::tests::reading;
    use crate::token::tests::token;

    fn refused() -> Arc<BearerToken> {
        Arc::new(BearerToken::new(token("refused", 86_400)))
    }

    fn at(boot: i64) -> Reading {
        reading(boot, 1_000)
    }

    #[test]
    fn the_second_token_refused_after_a_growth_tells_the_cap() {
        let mut cap = ActiveCap::default();
        assert!(
            !cap.note_refusal(&refused(), &at(0)) && !cap.note_refusal(&refused(), &at(1)),
            "nothing has grown"
        );
        cap.note_growth(&at(10));
        assert!(!cap.note_refusal(&refused(), &at(20)), "that token may have been revoked");
        assert!(cap.note_refusal(&refused(), &at(310)), "each mint refuses the next one");
    }

    #[test]
    fn requests_that_were_refused_with_the_same_token_count_once() {
        let (mut cap, token) = (ActiveCap::default(), refused());
        cap.note_growth(&at(0));
        assert!(!cap.note_refusal(&token, &at(1)) && !cap.note_refusal(&token, &at(1)));
        cap.note_growth(&at(2));
        assert!(!cap.note_refusal(&token, &at(3)));
        assert!(cap.note_refusal(&refused(), &at(4)));
    }

    #[test]
    fn a_refusal_long_after_a_growth_has_another_cause() {
        let mut cap = ActiveCap::default();
        cap.note_growth(&at(0));
        assert!(!cap.note_refusal(&refused(), &at(299)));
        assert!(!cap.note_refusal(&refused(), &at(600)));
        cap.note_growth(&at(700));
        assert!(!cap.note_refusal(&refused(), &at(701)), "the earlier refusals are forgotten");
    }

    #[test]
    fn a_cap_is_told_once_and_tried_again_after_an_hour() {
        let mut cap = ActiveCap::default();
        assert_eq!(cap.get(&at(0)), None);
        assert!(cap.try_begin_count() && !cap.try_begin_count() && cap.is_being_counted());
        assert!(cap.set(3, &at(0)) && !cap.is_being_counted());
        assert!(cap.try_begin_count() && !cap.set(2, &at(10)));
        assert_eq!(cap.get(&at(3_609)), Some(2));
        assert_eq!(cap.get(&at(3_610)), None);
    }
}
