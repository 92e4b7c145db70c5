//! The engine for objects with conditional writes: S3, Google Cloud Storage and Azure Blob.

mod amazon;
mod azure;
mod client;
mod client_builder;
mod connector;
mod credential_command;
mod credential_file;
mod credential_reply;
mod credential_request;
mod description;
mod endpoint;
mod exchange;
mod fault;
mod google;
mod kept;
mod pools;
mod purpose;
mod refusal;
mod region;
mod response;
mod service;
mod settings_error;
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
use crate::context::{Context, timer_clock};
use crate::sync;

use client::BucketClient;
use exchange::ExchangeLog;
use fault::{BucketRequest, FailedPlace, FaultExplainer, RequestFault};
use service::PooledService;

pub(super) struct BucketStore {
    bucket: String,
    prefix: String,
    /// For example `the store s3://bucket`.
    shown: String,
    service: Arc<PooledService>,
    client: Mutex<Option<BucketClient>>,
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
            shown: format!("the store {}", settings.location),
            service: Arc::new(PooledService::new(provider, network, context)),
            client: Mutex::default(),
            runtime: BlockingRuntime::default(),
            has_read: AtomicBool::new(false),
        }
    }

    /// Runs a request to its end; returns what its exchanges have shown, too.
    fn run<T, F>(
        &self,
        kind: BucketRequest,
        name: &RecordName,
        limit: Duration,
        request: impl FnOnce(Arc<dyn ObjectStore>, Path) -> F,
    ) -> Result<(Result<T, RequestFault>, ExchangeLog), StoreError>
    where
        F: Future<Output = object_store::Result<T>>,
    {
        let (client, limit) = match self.ready_client(kind, limit) {
            Ok(ready) => ready,
            Err(error) => return Ok((Err(RequestFault::Client(error)), ExchangeLog::default())),
        };
        self.runtime.run(limit.saturating_add(GRACE_PERIOD), async {
            self.service.begin(name, limit);
            let work = async {
                // Lets the tasks of idle connections learn that the host has closed them.
                yield_now().await;
                request(client.store, self.path(name)).await
            };
            let done = match timeout(limit, work).await {
                Ok(done) => done.map_err(RequestFault::Client),
                Err(_) => Err(RequestFault::TooSlow(limit)),
            };
            Ok((done, self.service.take_log()))
        })
    }

    /// Returns the client with credentials that last for a request, and the time for that. A
    /// program that prints them may take longer than a read, and half the time of a swap.
    fn ready_client(
        &self,
        kind: BucketRequest,
        limit: Duration,
    ) -> object_store::Result<(BucketClient, Duration)> {
        let client = self.client()?;
        let Some(refresh) = &client.refresh else {
            return Ok((client, limit));
        };
        if kind == BucketRequest::Read {
            refresh.refresh(None)?;
            return Ok((client, limit));
        }
        let start = timer_clock();
        refresh.refresh(Some(limit / 2))?;
        Ok((client, limit.saturating_sub(start.elapsed())))
    }

    /// Returns the client, which is built for the first request: that may read files.
    fn client(&self) -> object_store::Result<BucketClient> {
        let mut client = sync::lock(&self.client);
        if let Some(client) = &*client {
            return Ok(client.clone());
        }
        let built = client_builder::build(&self.bucket, &self.service)?;
        Ok(client.insert(built).clone())
    }

    fn path(&self, name: &RecordName) -> Path {
        Path::from(format!("{}{DELIMITER}{name}", self.prefix))
    }

    /// Returns the pattern of the records' paths, with the bucket, as policies name it.
    fn objects(&self) -> String {
        match &*self.prefix {
            "" => format!("{}/*", self.bucket),
            prefix => format!("{}/{prefix}/*", self.bucket),
        }
    }

    fn explain(
        &self,
        request: BucketRequest,
        fault: &RequestFault,
        log: ExchangeLog,
    ) -> StoreError {
        let client = sync::lock(&self.client);
        let explainer = FaultExplainer::new(
            self.service.provider(),
            FailedPlace { shown: self.shown.clone(), objects: self.objects() },
            self.service.env(),
            client.as_ref(),
            self.has_read.load(Ordering::Relaxed),
        );
        explainer.explain(request, fault, log.failure)
    }
}

impl Store for BucketStore {
    fn read(&self, name: &RecordName, limit: Duration) -> Result<Observation, StoreError> {
        let (done, log) = self.run(BucketRequest::Read, name, limit, async |client, path| {
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
        let (done, log) = self.run(BucketRequest::Swap, name, limit, async |client, path| {
            client.put_opts(&path, payload, PutOptions::from(mode)).await
        })?;
        match done {
            Ok(put) => {
                Ok(Swap::Won(Version::Present { e_tag: put.e_tag, generation: put.version }))
            }
            Err(RequestFault::Client(_)) if log.shows_lost_swap(expected) => Ok(Swap::Lost),
            Err(fault) => Err(self.explain(BucketRequest::Swap, &fault, log)),
        }
    }

    fn description(&self) -> Vec<StoreNote> {
        description::notes(self.service.provider(), &self.bucket, self.service.context())
    }
}

#[cfg(test)]
mod tests;
