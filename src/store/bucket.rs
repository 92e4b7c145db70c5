//! The engine for objects with conditional writes: S3, Google Cloud Storage and Azure Blob.

mod amazon;
mod azure;
mod client;
mod connector;
mod description;
mod exchange;
mod fault;
mod google;
mod pools;
mod purpose;
mod refusal;
mod response;
mod service;
mod signer;
mod variables;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use object_store::path::Path;
use object_store::{
    GetOptions, ObjectStore, PutMode, PutOptions, PutPayload, UpdateVersion, path::DELIMITER,
};
use tokio::task::yield_now;
use tokio::time::timeout;

use super::blocking::BlockingRuntime;
use super::{Observation, RecordName, Store, StoreError, StoreNote, Swap, Version};
use crate::config::{BucketProvider, NetworkSettings, StoreSettings};
use crate::context::Context;
use crate::sync;

use description::BucketDescription;
use exchange::ExchangeLog;
use fault::{BucketRequest, FaultExplainer, RequestFault};
use service::PooledService;

pub(super) struct BucketStore {
    bucket: String,
    prefix: String,
    explainer: FaultExplainer,
    service: Arc<PooledService>,
    client: Mutex<Option<Arc<dyn ObjectStore>>>,
    runtime: BlockingRuntime,
    /// The store has answered a read, so that credentials and bucket are right.
    has_read: AtomicBool,
}

/// Beyond this engine's own limit, whose error says more than that of the runtime.
const GRACE_PERIOD: Duration = Duration::from_millis(200);

impl BucketStore {
    pub(super) fn new(
        provider: BucketProvider,
        bucket: &str,
        prefix: &str,
        settings: &StoreSettings,
        network: &NetworkSettings,
        context: &Context,
    ) -> BucketStore {
        BucketStore {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
            explainer: FaultExplainer::new(provider, settings, &context.env),
            service: Arc::new(PooledService::new(provider, network, context)),
            client: Mutex::default(),
            runtime: BlockingRuntime::default(),
            has_read: AtomicBool::new(false),
        }
    }

    /// Runs a request to its end; returns what its exchanges have shown, too.
    fn run<T, F>(
        &self,
        name: &RecordName,
        limit: Duration,
        request: impl FnOnce(Arc<dyn ObjectStore>, Path) -> F,
    ) -> Result<(Result<T, RequestFault>, ExchangeLog), StoreError>
    where
        F: Future<Output = object_store::Result<T>>,
    {
        self.runtime.run(limit.saturating_add(GRACE_PERIOD), async {
            self.service.begin(name, limit);
            let work = async {
                // Lets the tasks of idle connections learn that the host has closed them.
                yield_now().await;
                request(self.client()?, self.path(name)).await
            };
            let done = match timeout(limit, work).await {
                Ok(done) => done.map_err(RequestFault::Client),
                Err(_) => Err(RequestFault::TooSlow(limit)),
            };
            Ok((done, self.service.take_log()))
        })
    }

    /// Returns the client, which is built for the first request: that may read files.
    fn client(&self) -> object_store::Result<Arc<dyn ObjectStore>> {
        let mut client = sync::lock(&self.client);
        if let Some(client) = &*client {
            return Ok(client.clone());
        }
        let built = client::build(&self.bucket, &self.service)?;
        Ok(client.insert(built).clone())
    }

    fn path(&self, name: &RecordName) -> Path {
        Path::from(format!("{}{DELIMITER}{name}", self.prefix))
    }

    fn explain(
        &self,
        request: BucketRequest,
        fault: &RequestFault,
        log: ExchangeLog,
    ) -> StoreError {
        let has_read = self.has_read.load(Ordering::Relaxed);
        self.explainer.explain(request, fault, log.failure, has_read)
    }
}

impl Store for BucketStore {
    fn read(&self, name: &RecordName, limit: Duration) -> Result<Observation, StoreError> {
        let (done, log) = self.run(name, limit, async |client, path| {
            let reply = client.get_opts(&path, GetOptions::default()).await?;
            let version = Version::Present {
                e_tag: reply.meta.e_tag.clone(),
                generation: reply.meta.version.clone(),
            };
            Ok((reply.bytes().await?, version))
        })?;
        let observation = match done {
            Ok((record, version)) => {
                Observation { record: Some(record.into()), version, age: log.age, clock: log.clock }
            }
            Err(RequestFault::Client(_)) if log.shows_absent_record() => {
                Observation { record: None, version: Version::Absent, age: None, clock: log.clock }
            }
            Err(fault) => return Err(self.explain(BucketRequest::Read, &fault, log)),
        };
        self.has_read.store(true, Ordering::Relaxed);
        Ok(observation)
    }

    /// Ignores `keep`: only a rule of the bucket's life cycle deletes objects.
    fn swap(
        &self,
        name: &RecordName,
        expected: &Version,
        record: &[u8],
        _keep: Duration,
        limit: Duration,
    ) -> Result<Swap, StoreError> {
        let mode = match expected.clone() {
            Version::Absent => PutMode::Create,
            Version::Present { e_tag, generation } => {
                PutMode::Update(UpdateVersion { e_tag, version: generation })
            }
        };
        let payload = PutPayload::from(record.to_vec());
        let (done, log) = self.run(name, limit, async |client, path| {
            client.put_opts(&path, payload, PutOptions::from(mode)).await
        })?;
        match done {
            Ok(put) => {
                Ok(Swap::Won(Version::Present { e_tag: put.e_tag, generation: put.version }))
            }
            Err(RequestFault::Client(_)) if log.shows_lost_swap() => Ok(Swap::Lost),
            Err(fault) => Err(self.explain(BucketRequest::Swap, &fault, log)),
        }
    }

    fn description(&self) -> Vec<StoreNote> {
        let (provider, env) = (self.service.provider(), self.service.env());
        BucketDescription { provider, bucket: &self.bucket, env }.notes()
    }
}

#[cfg(test)]
mod tests;
