//! Requests that wait for a token, first come first served.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::timeout;

use super::{AcquiredToken, Acquisition, TokenPool};

/// The timer stands still while the machine is suspended, unlike the API's windows.
const MAX_SLEEP: Duration = Duration::from_secs(1);

const MIN_SLEEP: Duration = Duration::from_millis(10);

impl TokenPool {
    /// Waits for a token. Returns the time until the pool opens again if that takes longer
    /// than `limit`.
    pub(in super::super) async fn acquire_within(
        self: &Arc<Self>,
        limit: Duration,
    ) -> Result<AcquiredToken, Duration> {
        let _waiting = Waiting::new(&self.waiting);
        match timeout(limit, self.wait_for_turn()).await {
            Ok(Ok(token)) => Ok(token),
            Ok(Err(source)) => Ok(self.refreshed(source).await),
            Err(_) => self.acquire_beyond_rate().ok_or_else(|| self.next_opening()),
        }
    }

    /// Returns a token that is at its rate. Only the API refuses a request.
    fn acquire_beyond_rate(&self) -> Option<AcquiredToken> {
        let now = self.run.clock.read();
        let mut state = self.state();
        let mut open =
            state.members.iter_mut().filter(|member| member.quota.closed_for(&now).is_zero());
        open.find_map(|member| {
            let token = member.source.peek_usable(&now)?;
            Some(AcquiredToken::of(member, token, &now))
        })
    }

    /// Returns a token, or the source of an expired one that has to be refreshed.
    async fn wait_for_turn(self: &Arc<Self>) -> Result<AcquiredToken, super::ExpiredMember> {
        // The lock is fair, and lost by a client that disconnects.
        let _turn = self.turn.lock().await;
        loop {
            let wait = match self.try_acquire(&self.run.clock.read()) {
                Acquisition::Acquired(token) => return Ok(token),
                Acquisition::Expired(member) => return Err(member),
                Acquisition::Busy(wait) => wait.unsigned_abs().clamp(MIN_SLEEP, MAX_SLEEP),
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.changed.notified() => {}
            }
        }
    }

    /// Returns the time until one of the tokens takes requests; zero if one does.
    pub(in super::super) fn next_opening(&self) -> Duration {
        let now = self.run.clock.read();
        let state = self.state();
        let waits = state.members.iter().map(|member| member.quota.wait(&now));
        waits.min().unwrap_or(SignedDuration::ZERO).unsigned_abs()
    }
}

struct Waiting<'a>(&'a AtomicUsize);

impl Waiting<'_> {
    fn new(count: &AtomicUsize) -> Waiting<'_> {
        count.fetch_add(1, Ordering::AcqRel);
        Waiting(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
