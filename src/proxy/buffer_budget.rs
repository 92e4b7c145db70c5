//! How much of all requests' bodies is held at one time.
//!
//! A small part of each body takes no room. For more of it, room for all of the body
//! is taken at once: bodies that each had some of what they need, and waited for
//! more, would wait for one another.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Room for one body. Given back when dropped.
pub(super) struct Reservation {
    budget: Arc<BufferBudget>,
    room: Option<OwnedSemaphorePermit>,
    waiting: Option<Waiting>,
}

/// A wait for room; `None` when it took too long.
type Waiting = Pin<Box<dyn Future<Output = Option<OwnedSemaphorePermit>> + Send>>;

/// Room for all bodies.
pub(super) struct BufferBudget(Arc<Semaphore>);

/// For one body: requests to the API are seldom larger. One that is goes
/// through all the same, but only once.
pub(super) const EACH: usize = 1 << 20;

/// The part of each body that is held without a share of the budget.
pub(super) const SMALL: usize = 16 << 10;

/// For all bodies.
const ALL: usize = 8 << 20;

/// The time that a body waits for room; after that it is sent on without being held.
/// Hosts usually wait for a minute for the next piece of a body.
const WAIT: Duration = Duration::from_secs(30);

/// Room is counted in pieces of this size.
const PIECE: usize = 1 << 10;

impl Default for BufferBudget {
    fn default() -> Self {
        BufferBudget(Arc::new(Semaphore::new(ALL / PIECE)))
    }
}

impl Reservation {
    pub(super) fn of(budget: &Arc<BufferBudget>) -> Reservation {
        Reservation { budget: budget.clone(), room: None, waiting: None }
    }

    /// Returns whether there is room for `bytes` of a body, of which there are `whole` if
    /// that is known. Once there is for more than a small part, there is for all.
    pub(super) fn poll_room(
        &mut self,
        context: &mut Context<'_>,
        bytes: usize,
        whole: Option<u64>,
    ) -> Poll<bool> {
        let whole = whole.map_or(EACH, |whole| usize::try_from(whole).unwrap_or(usize::MAX));
        if bytes > EACH || whole > EACH {
            return Poll::Ready(false);
        }
        if bytes <= SMALL || self.room.is_some() {
            return Poll::Ready(true);
        }
        let waiting = self.waiting.get_or_insert_with(|| {
            let room = self.budget.0.clone().acquire_many_owned(pieces(whole.max(bytes)));
            Box::pin(async { timeout(WAIT, room).await.ok()?.ok() })
        });
        self.room = ready!(waiting.as_mut().poll(context));
        self.waiting = None;
        Poll::Ready(self.room.is_some())
    }

    /// Gives back what a body of this size does not need.
    pub(super) fn shrink(&mut self, bytes: usize) {
        if let Some(room) = &mut self.room {
            let spare = room.num_permits().saturating_sub(pieces(bytes) as usize);
            drop(room.split(spare));
        }
    }
}

fn pieces(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(PIECE)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;
    use crate::context::timer_clock;

    async fn room(share: &mut Reservation, bytes: usize, whole: Option<u64>) -> bool {
        poll_fn(|context| share.poll_room(context, bytes, whole)).await
    }

    #[tokio::test(start_paused = true)]
    async fn room_is_limited_waited_for_and_given_back() {
        let budget = Arc::new(BufferBudget::default());
        let mut shares: Vec<_> = (0..9).map(|_| Reservation::of(&budget)).collect();
        assert!(!room(&mut shares[0], EACH + 1, None).await);
        assert!(!room(&mut shares[0], 1, Some(EACH as u64 + 1)).await);
        for share in &mut shares[..8] {
            // Of unknown length: it may become as long as can be.
            assert!(room(share, SMALL + 1, None).await);
            assert!(room(share, EACH, None).await);
        }
        let mut last = shares.pop().unwrap();
        assert!(room(&mut last, SMALL, None).await, "a small part needs no room");
        let begun = timer_clock();
        assert!(!room(&mut last, EACH, Some(EACH as u64)).await);
        assert_eq!(begun.elapsed(), WAIT);
        // What was longer than expected, and what has ended, makes room for others.
        shares[0].shrink(EACH / 2);
        drop(shares.pop());
        assert!(room(&mut last, EACH, Some(EACH as u64)).await);
        let mut half = Reservation::of(&budget);
        assert!(room(&mut half, SMALL + 1, Some(EACH as u64 / 2)).await);
        assert_eq!(begun.elapsed(), WAIT);
    }
}
