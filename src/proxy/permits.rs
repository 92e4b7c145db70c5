//! Limits the open connections. Once all permits are taken, the oldest evictable connection
//! makes room for the next one.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::sync;

pub(crate) struct ConnectionPermits {
    free: Arc<Semaphore>,
    /// The oldest connection has the lowest number.
    evictable: Mutex<BTreeMap<u64, Arc<Notify>>>,
    numbers: AtomicU64,
}

pub(crate) struct ConnectionPermit {
    permits: Arc<ConnectionPermits>,
    number: u64,
    eviction: Arc<Notify>,
    _permit: OwnedSemaphorePermit,
}

impl ConnectionPermits {
    pub(crate) fn new(count: usize) -> Arc<ConnectionPermits> {
        Arc::new(ConnectionPermits {
            free: Arc::new(Semaphore::new(count)),
            evictable: Mutex::default(),
            numbers: AtomicU64::default(),
        })
    }

    /// Waits if no permit is free and no connection is evictable.
    pub(crate) async fn acquire(self: &Arc<Self>) -> ConnectionPermit {
        if self.free.available_permits() == 0 {
            self.evict_oldest();
        }
        self.wait_for_permit().await
    }

    /// Returns `None` where [`ConnectionPermits::acquire`] would wait.
    pub(crate) async fn try_acquire(self: &Arc<Self>) -> Option<ConnectionPermit> {
        if self.free.available_permits() == 0 && !self.evict_oldest() {
            return None;
        }
        Some(self.wait_for_permit().await)
    }

    async fn wait_for_permit(self: &Arc<Self>) -> ConnectionPermit {
        let permit = self.free.clone().acquire_owned().await;
        ConnectionPermit {
            permits: self.clone(),
            number: self.numbers.fetch_add(1, Ordering::Relaxed),
            eviction: Arc::default(),
            _permit: permit.expect("the semaphore is never closed"),
        }
    }

    fn evict_oldest(&self) -> bool {
        let oldest = self.evictable().pop_first();
        oldest.inspect(|(_, eviction)| eviction.notify_one()).is_some()
    }

    fn evictable(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Notify>>> {
        sync::lock(&self.evictable)
    }
}

impl ConnectionPermit {
    pub(crate) fn make_evictable(&self) {
        self.permits.evictable().insert(self.number, self.eviction.clone());
    }

    pub(crate) fn make_permanent(&self) {
        self.permits.evictable().remove(&self.number);
    }

    pub(crate) async fn evicted(&self) {
        self.eviction.notified().await;
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.make_permanent();
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::task::Poll;

    use super::*;

    async fn is_pending(work: impl Future) -> bool {
        let mut work = pin!(work);
        poll_fn(|context| Poll::Ready(work.as_mut().poll(context).is_pending())).await
    }

    #[tokio::test]
    async fn the_oldest_evictable_connection_makes_room() {
        let permits = ConnectionPermits::new(3);
        let [first, second, third] =
            [permits.acquire().await, permits.acquire().await, permits.acquire().await];
        assert!(is_pending(permits.acquire()).await, "no connection is evictable");
        assert!(permits.try_acquire().await.is_none());
        for permit in [&third, &first, &second] {
            permit.make_evictable();
        }
        first.make_permanent();
        let fourth = tokio::spawn({
            let permits = permits.clone();
            async move { permits.try_acquire().await.is_some() }
        });
        second.evicted().await;
        assert!(is_pending(first.evicted()).await && is_pending(third.evicted()).await);
        drop(second);
        assert!(fourth.await.unwrap());
    }

    #[tokio::test]
    async fn a_closed_connection_is_not_evicted() {
        let permits = ConnectionPermits::new(1);
        let permit = permits.acquire().await;
        permit.make_evictable();
        drop(permit);
        let permit = permits.acquire().await;
        assert!(permits.try_acquire().await.is_none());
        drop(permit);
        assert!(permits.try_acquire().await.is_some());
    }
}
