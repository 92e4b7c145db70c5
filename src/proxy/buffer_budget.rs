//! Limits the memory that buffered request bodies take, each and all together.
//!
//! The first bytes of each body are buffered without a reservation. For more, room for
//! the whole body is reserved at once: bodies that each held a part and waited for more
//! would deadlock.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Room for one body. Released when dropped.
pub(super) struct Reservation {
    budget: Arc<BufferBudget>,
    permit: Option<OwnedSemaphorePermit>,
    waiting: Option<AcquirePermit>,
}

/// Resolves to `None` when [`RESERVE_TIMEOUT`] has passed.
type AcquirePermit = Pin<Box<dyn Future<Output = Option<OwnedSemaphorePermit>> + Send>>;

/// Room for all bodies, in units of [`UNIT`].
pub(super) struct BufferBudget(Arc<Semaphore>);

/// Requests to the API are seldom larger. A larger body is forwarded, but not buffered.
pub(super) const MAX_PER_BODY: usize = 1 << 20;

pub(super) const UNRESERVED_PER_BODY: usize = 16 << 10;

const MAX_TOTAL: usize = 8 << 20;

/// The time that a body waits for room before it is forwarded without being buffered.
/// Upstreams usually wait for a minute for the rest of a body.
const RESERVE_TIMEOUT: Duration = Duration::from_secs(30);

const UNIT: usize = 1 << 10;

impl Default for BufferBudget {
    fn default() -> Self {
        BufferBudget(Arc::new(Semaphore::new(MAX_TOTAL / UNIT)))
    }
}

impl Reservation {
    pub(super) fn new(budget: &Arc<BufferBudget>) -> Reservation {
        Reservation { budget: budget.clone(), permit: None, waiting: None }
    }

    /// Resolves to whether `buffered` bytes of a body may be buffered; `length` is that of
    /// the whole body, if known. A body that got a reservation fits to its end.
    pub(super) fn poll_reserve(
        &mut self,
        context: &mut Context<'_>,
        buffered: usize,
        length: Option<u64>,
    ) -> Poll<bool> {
        let length =
            length.map_or(MAX_PER_BODY, |length| usize::try_from(length).unwrap_or(usize::MAX));
        if buffered > MAX_PER_BODY || length > MAX_PER_BODY {
            return Poll::Ready(false);
        }
        if buffered <= UNRESERVED_PER_BODY || self.permit.is_some() {
            return Poll::Ready(true);
        }
        let waiting = self.waiting.get_or_insert_with(|| {
            let permit = self.budget.0.clone().acquire_many_owned(units(length.max(buffered)));
            Box::pin(async { timeout(RESERVE_TIMEOUT, permit).await.ok()?.ok() })
        });
        self.permit = ready!(waiting.as_mut().poll(context));
        self.waiting = None;
        Poll::Ready(self.permit.is_some())
    }

    pub(super) fn shrink(&mut self, length: usize) {
        if let Some(permit) = &mut self.permit {
            let surplus = permit.num_permits().saturating_sub(units(length) as usize);
            drop(permit.split(surplus));
        }
    }
}

fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;
    use crate::context::timer_clock;

    async fn reserve(reservation: &mut Reservation, bytes: usize, length: Option<u64>) -> bool {
        poll_fn(|context| reservation.poll_reserve(context, bytes, length)).await
    }

    #[tokio::test(start_paused = true)]
    async fn room_is_limited_waited_for_and_released() {
        let budget = Arc::new(BufferBudget::default());
        let mut reservations: Vec<_> = (0..9).map(|_| Reservation::new(&budget)).collect();
        assert!(!reserve(&mut reservations[0], MAX_PER_BODY + 1, None).await);
        assert!(!reserve(&mut reservations[0], 1, Some(MAX_PER_BODY as u64 + 1)).await);
        for reservation in &mut reservations[..8] {
            // Of unknown length: room for the largest body is reserved.
            assert!(reserve(reservation, UNRESERVED_PER_BODY + 1, None).await);
            assert!(reserve(reservation, MAX_PER_BODY, None).await);
        }
        let mut last = reservations.pop().unwrap();
        assert!(
            reserve(&mut last, UNRESERVED_PER_BODY, None).await,
            "the first bytes need no reservation"
        );
        let start = timer_clock();
        assert!(!reserve(&mut last, MAX_PER_BODY, Some(MAX_PER_BODY as u64)).await);
        assert_eq!(start.elapsed().as_secs(), 30);
        // Bodies that are shorter than expected or have ended make room for others.
        reservations[0].shrink(MAX_PER_BODY / 2);
        drop(reservations.pop());
        assert!(reserve(&mut last, MAX_PER_BODY, Some(MAX_PER_BODY as u64)).await);
        let mut half = Reservation::new(&budget);
        assert!(reserve(&mut half, UNRESERVED_PER_BODY + 1, Some(MAX_PER_BODY as u64 / 2)).await);
        assert_eq!(start.elapsed(), RESERVE_TIMEOUT);
    }
}
