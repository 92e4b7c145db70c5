//! The connection of a client before and after it authenticates.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::timeout;

use super::permits::ConnectionPermit;

pub(crate) struct ClientConnection {
    permit: ConnectionPermit,
    authenticated: AtomicBool,
    is_timeless: AtomicBool,
}

impl ClientConnection {
    /// The connection may be evicted to make room for another.
    pub(super) fn unauthenticated(permit: ConnectionPermit) -> ClientConnection {
        permit.make_evictable();
        ClientConnection {
            permit,
            authenticated: AtomicBool::new(false),
            is_timeless: AtomicBool::new(false),
        }
    }

    /// Protects the connection from eviction and from the timeout: the client has presented
    /// the path secret, a token or the proxy's password.
    pub(crate) fn set_authenticated(&self) {
        if !self.authenticated.swap(true, Ordering::Relaxed) {
            self.permit.make_permanent();
            self.lift_timeout();
        }
    }

    /// Protects the connection from the timeout alone.
    pub(crate) fn lift_timeout(&self) {
        self.is_timeless.store(true, Ordering::Relaxed);
    }

    /// Returns once the connection has to be closed; never for an authenticated client.
    pub(super) async fn evicted_or_timed_out(&self, limit: Duration) {
        let evicted = timeout(limit, self.permit.evicted()).await;
        if evicted.is_err() && self.is_timeless.load(Ordering::Relaxed) {
            self.permit.evicted().await;
        }
    }
}
