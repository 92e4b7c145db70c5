//! Requests beyond the configured rate. The API decides: an organization may have a higher
//! limit, and another API none.

use std::sync::{Arc, Weak};

use super::{AcquiredToken, TokenPool};
use crate::proxy::token_source::TokenSource;

/// One request at a time, which ends when it is dropped.
pub(super) struct Overdraft {
    pool: Weak<TokenPool>,
    source: Arc<TokenSource>,
}

impl Overdraft {
    pub(super) fn new(pool: &Arc<TokenPool>, source: &Arc<TokenSource>) -> Overdraft {
        Overdraft { pool: Arc::downgrade(pool), source: source.clone() }
    }
}

impl Drop for Overdraft {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.upgrade() {
            if let Some(member) = pool.state().member(&self.source) {
                member.quota.set_overdrawn(false);
            }
            pool.changed.notify_one();
        }
    }
}

impl TokenPool {
    /// Notes that the API took a request. Doubles the rate if it was beyond that.
    pub(in super::super) fn note_accepted(&self, acquired: &mut AcquiredToken) {
        let Some(_ended) = acquired.overdraft.take() else {
            return;
        };
        let raised = {
            let mut state = self.state();
            let rate = state.rate.unwrap_or(u32::MAX).saturating_mul(2);
            state.set_rate(Some(rate));
            rate
        };
        self.run.reporter.debug(format_args!(
            "the API takes more requests with a token than --rate says: trying {raised}"
        ));
    }
}
