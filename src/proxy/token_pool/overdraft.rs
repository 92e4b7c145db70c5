//! Requests beyond the configured rate. The API decides: an organization may have a higher
//! limit, and another API none.

use std::sync::{Arc, Weak};

use super::TokenPool;
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
