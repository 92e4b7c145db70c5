//! One operation over the network, such as a mint and the API's verdict on its token: its
//! requests share a runtime and, where they go to one host, a connection.

use std::cell::{OnceCell, RefCell};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::client::conn::{http1, http2};
use tokio::runtime::Runtime;
use tokio::task::yield_now;

use super::network::NetworkSettings;
use crate::context::Context;
use crate::error::{Error, Kind, Result};

/// The runtime is created for the first request.
pub struct Session<'a> {
    pub(crate) network: &'a NetworkSettings,
    pub(crate) context: &'a Context,
    runtime: OnceCell<Runtime>,
    idle: RefCell<Vec<(UrlOrigin, Sender)>>,
}

pub(super) type UrlOrigin = url::Origin;

pub(super) enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl<'a> Session<'a> {
    pub fn new(network: &'a NetworkSettings, context: &'a Context) -> Session<'a> {
        let (runtime, idle) = (OnceCell::new(), RefCell::default());
        Session { network, context, runtime, idle }
    }

    /// Runs `work` to its end; `None` when that takes longer than `limit`. Blocks: to be
    /// called from a thread that runs no other runtime.
    ///
    /// # Errors
    /// `System` when the system has no means for a runtime.
    pub(crate) fn block_on<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = T>,
    ) -> Result<Option<T>> {
        let runtime = match self.runtime.get() {
            Some(runtime) => runtime,
            None => {
                let runtime = crate::context::runtime().map_err(|error| {
                    Error::new(Kind::System, "the network cannot be used").with_source(error)
                })?;
                self.runtime.get_or_init(|| runtime)
            }
        };
        Ok(runtime.block_on(async { tokio::time::timeout(limit, work).await.ok() }))
    }

    pub(super) async fn take_idle(&self, origin: &UrlOrigin) -> Option<Sender> {
        loop {
            let mut sender = {
                let mut idle = self.idle.borrow_mut();
                let found = idle.iter().rposition(|(of, _)| of == origin)?;
                idle.swap_remove(found).1
            };
            // Lets the connection's task learn that the host has closed it meanwhile.
            yield_now().await;
            let ready = match &mut sender {
                Sender::Http1(sender) => sender.ready().await,
                Sender::Http2(sender) => sender.ready().await,
            };
            if ready.is_ok() {
                return Some(sender);
            }
        }
    }

    /// Keeps the connection of a response that was read to its end.
    pub(super) fn put_idle(&self, origin: UrlOrigin, sender: Sender) {
        self.idle.borrow_mut().push((origin, sender));
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        // A name that is still being looked up must not hold the process up.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
