//! How much of all requests' bodies is held at one time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A share of what all bodies may take. Given back when dropped.
pub(super) struct Share {
    budget: Arc<Budget>,
    taken: usize,
}

/// What all bodies take.
#[derive(Default)]
pub(super) struct Budget(AtomicUsize);

/// For one body: requests to the API are seldom larger. One that is goes
/// through all the same, but only once.
pub(super) const EACH: usize = 1 << 20;

/// For all bodies.
const ALL: usize = 8 << 20;

impl Share {
    pub(super) fn of(budget: &Arc<Budget>) -> Share {
        Share { budget: budget.clone(), taken: 0 }
    }

    /// Takes this many bytes more, if that is within both limits.
    pub(super) fn take(&mut self, bytes: usize) -> bool {
        if self.taken.saturating_add(bytes) > EACH {
            return false;
        }
        let all = self.budget.0.fetch_add(bytes, Ordering::Relaxed);
        if all.saturating_add(bytes) > ALL {
            self.budget.0.fetch_sub(bytes, Ordering::Relaxed);
            return false;
        }
        self.taken += bytes;
        true
    }

    pub(super) fn give_back(&mut self) {
        self.budget.0.fetch_sub(std::mem::take(&mut self.taken), Ordering::Relaxed);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.give_back();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_limited_and_given_back() {
        let budget = Arc::new(Budget::default());
        let mut shares: Vec<_> = (0..9).map(|_| Share::of(&budget)).collect();
        assert!(!shares[0].take(EACH + 1));
        assert!(shares[..8].iter_mut().all(|share| share.take(EACH)));
        assert!(!shares[0].take(1), "of one body");
        assert!(!shares[8].take(1), "of all bodies");
        drop(shares.remove(0));
        assert!(shares[7].take(EACH));
    }
}
