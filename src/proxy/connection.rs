//! The connection of a client before and after it authenticates.

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::timeout;

use super::permits::ConnectionPermit;

pub(crate) struct ClientConnection {
    permit: ConnectionPermit,
    authenticated: AtomicBool,
}

impl ClientConnection {
    /// The connection may be evicted to make room for another.
    pub(super) fn unauthenticated(permit: ConnectionPermit) -> ClientConnection {
        permit.make_evictable();
        ClientConnection { permit, authenticated: AtomicBool::new(false) }
    }

    /// Protects the connection from eviction and from the timeout: the client has presented
    /// the path secret, a token or the proxy's password.
    pub(crate) fn set_authenticated(&self) {
        if !self.authenticated.swap(true, Ordering::Relaxed) {
            self.permit.make_permanent();
        }
    }

    /// Returns once the connection has to be closed; never for an authenticated client.
    pub(super) async fn evicted_or_timed_out(&self, limit: Duration) {
        let evicted = timeout(limit, self.permit.evicted()).await;
        if evicted.is_err() && self.authenticated.load(Ordering::Relaxed) {
            pending::<()>().await;
        }
    }
}
