//! Runs the asynchronous client of an engine for callers that block.

use std::sync::Mutex;
use std::time::Duration;

use tokio::runtime::Runtime;

use super::{StoreError, StoreFault};
use crate::context;
use crate::sync;

/// A runtime that is created for the first request.
#[derive(Default)]
pub(super) struct BlockingRuntime(Mutex<Option<Runtime>>);

impl BlockingRuntime {
    /// Runs `work` to its end.
    ///
    /// # Errors
    /// [`StoreFault::Unavailable`] if that takes longer than `limit`, or if the system has no
    /// means for a runtime; the errors of `work`.
    pub(super) fn run<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let mut shared = sync::lock(&self.0);
        let runtime = match &mut *shared {
            Some(runtime) => runtime,
            None => {
                let runtime = context::runtime().map_err(|error| {
                    StoreError::new(StoreFault::Unavailable, "the store cannot be used")
                        .with_cause(error.to_string())
                })?;
                shared.insert(runtime)
            }
        };
        let limited = async { tokio::time::timeout(limit, work).await };
        runtime.block_on(limited).unwrap_or_else(|_| Err(too_slow(limit)))
    }
}

impl Drop for BlockingRuntime {
    fn drop(&mut self) {
        // A name that is still being looked up must not hold the process up.
        if let Some(runtime) = sync::lock(&self.0).take() {
            runtime.shutdown_background();
        }
    }
}

fn too_slow(limit: Duration) -> StoreError {
    StoreError::new(StoreFault::Unavailable, "the store is not reachable")
        .with_cause(format!("no response within {limit:.1?}"))
        .with_hint("check the network, or allow more time with --store-timeout")
}
