//! What each command does with a store that machines share: runners with homes of their own, and
//! real servers.

mod cache;
mod credentials;
mod doctor;
mod gateway;
mod provider;
mod revoke;
mod runs;
mod settings;

use gc_token::internals::sandbox::{Sandbox, SandboxConfig};

use crate::common::cloud::cloud;
use crate::common::runner::Runner;
use crate::common::servers::shared_store::SharedStore;

/// A cloud and a store, for as many machines as a test wants.
struct Fleet {
    cloud: Sandbox,
    store: SharedStore,
}

impl Fleet {
    /// Runs a test with Redis and with S3.
    fn with_each(test: impl Fn(Fleet)) {
        for start in [|| SharedStore::redis(&[]), SharedStore::s3] {
            Fleet::with(start()).into_iter().for_each(&test);
        }
    }

    /// Like [`Fleet::with_each`], and with Azure.
    fn with_all(test: impl Fn(Fleet)) {
        Fleet::with_each(&test);
        Fleet::with(SharedStore::azure()).into_iter().for_each(test);
    }

    /// `None`, loudly, without a program for the store.
    #[expect(clippy::print_stderr, reason = "tells which store a failure is of")]
    fn with(store: Option<SharedStore>) -> Option<Fleet> {
        let store = store?;
        eprintln!("with {}", store.location());
        Some(Fleet { cloud: cloud(SandboxConfig::default()), store })
    }

    fn machine(&self) -> Runner {
        self.machine_without_store().set("GC_TOKEN_STORE", self.store.location())
    }

    fn machine_without_store(&self) -> Runner {
        self.store.lend_to(Runner::of(&self.cloud))
    }
}
