//! Places for connections: so many at a time. Once all are taken, the oldest of
//! those that may be sent away makes room for the next one.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// The places of one kind of connection.
pub(crate) struct Places {
    free: Arc<Semaphore>,
    /// Those that may be sent away. The oldest has the lowest number.
    dispensable: Mutex<BTreeMap<u64, Arc<Notify>>>,
    numbers: AtomicU64,
}

/// The place of one connection. Given back when dropped.
pub(crate) struct Place {
    places: Arc<Places>,
    number: u64,
    leave: Arc<Notify>,
    _permit: OwnedSemaphorePermit,
}

impl Places {
    /// This many, all of them free.
    pub(crate) fn new(count: usize) -> Arc<Places> {
        Arc::new(Places {
            free: Arc::new(Semaphore::new(count)),
            dispensable: Mutex::default(),
            numbers: AtomicU64::default(),
        })
    }

    /// A free place, or that of the connection that is sent away. Waits while
    /// there is neither.
    pub(crate) async fn take(self: &Arc<Self>) -> Place {
        if self.free.available_permits() == 0 {
            self.send_oldest_away();
        }
        self.acquire().await
    }

    /// The same, but `None` where there is neither.
    pub(crate) async fn take_if_any(self: &Arc<Self>) -> Option<Place> {
        if self.free.available_permits() == 0 && !self.send_oldest_away() {
            return None;
        }
        Some(self.acquire().await)
    }

    async fn acquire(self: &Arc<Self>) -> Place {
        let permit = self.free.clone().acquire_owned().await;
        Place {
            places: self.clone(),
            number: self.numbers.fetch_add(1, Ordering::Relaxed),
            leave: Arc::default(),
            _permit: permit.expect("the semaphore is never closed"),
        }
    }

    fn send_oldest_away(&self) -> bool {
        let oldest = self.dispensable().pop_first();
        oldest.inspect(|(_, leave)| leave.notify_one()).is_some()
    }

    fn dispensable(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Notify>>> {
        self.dispensable.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// From now on, its connection may be sent away.
    pub(crate) fn offer(&self) {
        self.places.dispensable().insert(self.number, self.leave.clone());
    }

    /// From now on, it may not.
    pub(crate) fn keep(&self) {
        self.places.dispensable().remove(&self.number);
    }

    /// Returns once its connection is sent away, which then has to end.
    pub(crate) async fn sent_away(&self) {
        self.leave.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.keep();
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
    async fn the_oldest_that_may_go_makes_room() {
        let places = Places::new(3);
        let [first, second, third] =
            [places.take().await, places.take().await, places.take().await];
        assert!(is_pending(places.take()).await, "nobody may be sent away");
        assert!(places.take_if_any().await.is_none());
        for place in [&third, &first, &second] {
            place.offer();
        }
        first.keep();
        let fourth = tokio::spawn({
            let places = places.clone();
            async move { places.take_if_any().await.is_some() }
        });
        second.sent_away().await;
        assert!(is_pending(first.sent_away()).await && is_pending(third.sent_away()).await);
        drop(second);
        assert!(fourth.await.unwrap());
    }

    #[tokio::test]
    async fn a_connection_that_has_gone_is_not_sent_away() {
        let places = Places::new(1);
        let place = places.take().await;
        place.offer();
        drop(place);
        let place = places.take().await;
        assert!(places.take_if_any().await.is_none());
        drop(place);
        assert!(places.take_if_any().await.is_some());
    }
}
