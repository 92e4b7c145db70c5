//! What each command does with a store that machines share: runners with homes of their own, and
//! a real Redis.

mod cache;
mod doctor;
mod revoke;
mod runs;
mod settings;

use gc_token::internals::sandbox::{Sandbox, SandboxConfig};

use crate::common::cloud::cloud;
use crate::common::redis::RedisServer;
use crate::common::runner::Runner;

/// A cloud and a store, for as many machines as a test wants.
struct Fleet {
    cloud: Sandbox,
    redis: RedisServer,
}

impl Fleet {
    /// `None`, loudly, without a program for the store.
    fn new() -> Option<Fleet> {
        Fleet::with(&[])
    }

    fn with(redis_options: &[&str]) -> Option<Fleet> {
        let redis = RedisServer::start(redis_options)?;
        Some(Fleet { cloud: cloud(SandboxConfig::default()), redis })
    }

    fn machine(&self) -> Runner {
        self.machine_without_store().set("GC_TOKEN_STORE", self.redis.plain_location())
    }

    fn machine_without_store(&self) -> Runner {
        Runner::of(&self.cloud).also_named(&self.redis.address(), "STORE")
    }
}
