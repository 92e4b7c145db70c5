//! A limit of time for many things, most of which end long before it.
//!
//! To arm a timer for each of them, and to take it away again, would cost as
//! much as to parse a request. A timer that is at hand, and is told of a later
//! end than its last one, costs next to nothing: the runtime asks for its new end
//! when the old one has come.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::context::timer_clock;
use crate::sync;

/// So much time for each thing. Its copies share their timers.
#[derive(Clone)]
pub(crate) struct TimeoutPool {
    time: Duration,
    spare: Arc<SpareTimers>,
}

type Timer = Pin<Box<Sleep>>;
type SpareTimers = Mutex<Vec<Timer>>;

/// A timer that is given back.
struct PooledTimer {
    /// Always there, until it is given back.
    timer: Option<Timer>,
    home: Arc<SpareTimers>,
}

impl TimeoutPool {
    pub(crate) fn new(time: Duration) -> TimeoutPool {
        TimeoutPool { time, spare: Arc::default() }
    }

    /// What the future gives, unless that takes too long. Within a runtime.
    pub(crate) async fn timeout<F: Future>(&self, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        let mut timer = None;
        poll_fn(|context| {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                return Poll::Ready(Some(output));
            }
            let timer = timer.get_or_insert_with(|| self.acquire(timer_clock() + self.time));
            Pin::new(timer).poll(context).map(|()| None)
        })
        .await
    }

    fn acquire(&self, end: Instant) -> PooledTimer {
        let timer = match spare(&self.spare).pop() {
            Some(mut timer) => {
                timer.as_mut().reset(end);
                timer
            }
            None => Box::pin(sleep_until(end)),
        };
        PooledTimer { timer: Some(timer), home: self.spare.clone() }
    }
}

/// For the library, which asks for one and the same limit at all times.
impl rt::Timer for TimeoutPool {
    fn sleep(&self, time: Duration) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(self.acquire(timer_clock() + time))
    }

    fn sleep_until(&self, end: std::time::Instant) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(self.acquire(end.into()))
    }

    fn now(&self) -> std::time::Instant {
        timer_clock().into()
    }
}

impl rt::Sleep for PooledTimer {}

impl Future for PooledTimer {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let timer = self.get_mut().timer.as_mut();
        timer.map_or(Poll::Ready(()), |timer| timer.as_mut().poll(context))
    }
}

impl Drop for PooledTimer {
    fn drop(&mut self) {
        spare(&self.home).extend(self.timer.take());
    }
}

fn spare(spare: &SpareTimers) -> MutexGuard<'_, Vec<Timer>> {
    sync::lock(spare)
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::time::sleep;

    use super::*;

    /// When it was given up, in seconds from now.
    async fn given_up(limit: &TimeoutPool) -> u64 {
        let begun = timer_clock();
        assert_eq!(limit.timeout(pending::<()>()).await, None);
        begun.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn a_timer_that_was_used_before_keeps_its_time() {
        let limit = TimeoutPool::new(Duration::from_secs(75));
        assert_eq!(limit.timeout(std::future::ready(1)).await, Some(1));
        // Given back long before its end, a little before it, and after it.
        for time in [1, 74] {
            let thing = async { sleep(Duration::from_secs(time)).await };
            assert_eq!(limit.timeout(thing).await, Some(()));
            assert_eq!(given_up(&limit).await, 75);
            assert_eq!(given_up(&limit).await, 75);
        }
        assert_eq!(spare(&limit.spare).len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn each_thing_has_its_own_time() {
        let limit = TimeoutPool::new(Duration::from_secs(75));
        let later = async {
            sleep(Duration::from_secs(10)).await;
            given_up(&limit).await
        };
        assert_eq!(tokio::join!(given_up(&limit), later), (75, 75));
        assert_eq!(tokio::join!(given_up(&limit), given_up(&limit)), (75, 75));
        assert_eq!(spare(&limit.spare).len(), 2);
    }
}
