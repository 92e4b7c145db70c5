//! The end of the plugin, which both the Shutdown RPC and the server can start.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, OnceCell};
use tokio::time::timeout;

use super::service::ProviderService;

const PROVIDER_END_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) struct Shutdown {
    service: Arc<ProviderService>,
    provider_ended: OnceCell<()>,
    requested: Notify,
}

impl Shutdown {
    pub(super) fn new(service: Arc<ProviderService>) -> Shutdown {
        Shutdown { service, provider_ended: OnceCell::new(), requested: Notify::new() }
    }

    /// Calls [`Provider::end`](super::Provider::end) once; later callers wait for that call.
    pub(super) async fn end_provider(self: Arc<Shutdown>) {
        let end = || async {
            let service = Arc::clone(&self.service);
            let work = tokio::task::spawn_blocking(move || service.end());
            let _ = timeout(PROVIDER_END_TIMEOUT, work).await;
        };
        self.provider_ended.get_or_init(end).await;
    }

    /// Tells the server that the response to Shutdown is about to be sent.
    pub(super) fn notify_shutdown(&self) {
        self.requested.notify_one();
    }

    pub(super) async fn requested(&self) {
        self.requested.notified().await;
    }
}
