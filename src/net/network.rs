//! The settings of the network, and the TLS that all connections of a process share.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::tls::{SharedTls, Tls};
use crate::context::Context;
use crate::error::Result;

/// Clones share the trusted certificates, which are read once.
#[derive(Clone)]
pub struct NetworkSettings {
    /// The limit on a mint, retries and waits between them included.
    pub timeout: Duration,
    pub ca_file: Option<PathBuf>,
    tls: Arc<SharedTls>,
}

impl NetworkSettings {
    pub fn new(timeout: Duration, ca_file: Option<PathBuf>) -> NetworkSettings {
        NetworkSettings { timeout, ca_file, tls: Arc::default() }
    }

    /// # Errors
    /// `Configuration` when the trusted certificates are unusable.
    pub(super) fn tls(&self, context: &Context) -> Result<Tls> {
        self.tls.get(self.ca_file.as_deref(), context)
    }
}

impl PartialEq for NetworkSettings {
    fn eq(&self, other: &NetworkSettings) -> bool {
        self.timeout == other.timeout && self.ca_file == other.ca_file
    }
}

impl Eq for NetworkSettings {}

impl fmt::Debug for NetworkSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let NetworkSettings { timeout, ca_file, tls: _ } = self;
        f.debug_struct("NetworkSettings")
            .field("timeout", timeout)
            .field("ca_file", ca_file)
            .finish()
    }
}
