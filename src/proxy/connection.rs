//! A client's connection, until it is known that the client may be here and after.

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};

use super::permits::ConnectionPermit;
use crate::net::TimeoutPool;

/// A connection that is unauthenticated at first.
pub(crate) struct ClientConnection {
    permit: ConnectionPermit,
    authenticated: AtomicBool,
}

impl ClientConnection {
    /// A new connection, which may be evicted to make room for the next one.
    pub(super) fn unauthenticated(permit: ConnectionPermit) -> ClientConnection {
        permit.make_evictable();
        ClientConnection { permit, authenticated: AtomicBool::new(false) }
    }

    /// Notes that the client has shown the path, a token or the password. The connection
    /// is neither evicted nor timed out any more.
    pub(crate) fn set_authenticated(&self) {
        if !self.authenticated.swap(true, Ordering::Relaxed) {
            self.permit.make_permanent();
        }
    }

    /// Returns when the connection has to end: it is evicted, or the client has not
    /// authenticated in `time`. Never returns for a connection that is authenticated.
    pub(super) async fn evicted_or_timed_out(&self, time: &TimeoutPool) {
        let evicted = time.timeout(self.permit.evicted()).await;
        if evicted.is_none() && self.authenticated.load(Ordering::Relaxed) {
            pending::<()>().await;
        }
    }
}
