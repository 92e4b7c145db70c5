//! Credentials that are kept for a while.

use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use object_store::{CredentialProvider, Result};

use crate::clock::Reading;
use crate::context::Context;
use crate::sync;

/// Credentials, and when they expire.
pub(super) type Expiring<C> = (C, Option<Timestamp>);

/// Where credentials are from.
#[async_trait]
pub(super) trait CredentialSource<C>: Send + Sync {
    async fn fetch(&self) -> Result<Expiring<C>>;
}

/// Hands out credentials to the library; each is kept for a part of its life.
pub(super) struct KeptCredentials<S, C> {
    source: S,
    last: Mutex<Option<LastCredentials<C>>>,
    context: Context,
}

struct LastCredentials<C> {
    credentials: Arc<C>,
    since: Reading,
    limit: SignedDuration,
}

/// Those of platforms live for an hour or more, unless the account's owner made that shorter.
const KEPT_FOR: SignedDuration = SignedDuration::from_mins(5);

/// Lasts for a request. By this machine's clock, which may be wrong, they may have expired.
const KEPT_AT_LEAST: SignedDuration = SignedDuration::from_secs(10);

impl<S, C> KeptCredentials<S, C> {
    pub(super) fn new(source: S, context: &Context) -> KeptCredentials<S, C> {
        KeptCredentials { source, last: Mutex::default(), context: context.clone() }
    }

    pub(super) fn source(&self) -> &S {
        &self.source
    }

    pub(super) fn kept(&self) -> Option<Arc<C>> {
        let last = sync::lock(&self.last);
        let last = last.as_ref()?;
        let since = self.context.clock.read().boot_since(&last.since)?;
        (since < last.limit).then(|| last.credentials.clone())
    }

    /// Keeps the last credentials for another request, if there are any.
    pub(super) fn keep_on(&self) -> bool {
        let since = self.context.clock.read();
        let mut last = sync::lock(&self.last);
        if let Some(last) = &mut *last {
            (last.since, last.limit) = (since, KEPT_AT_LEAST);
        }
        last.is_some()
    }

    pub(super) fn keep(&self, (credentials, expires): Expiring<C>) -> Arc<C> {
        let since = self.context.clock.read();
        let left = expires.map_or(KEPT_FOR, |expires| expires.duration_since(since.wall));
        let (credentials, limit) = (Arc::new(credentials), left.clamp(KEPT_AT_LEAST, KEPT_FOR));
        let last = LastCredentials { credentials: credentials.clone(), since, limit };
        *sync::lock(&self.last) = Some(last);
        credentials
    }
}

#[async_trait]
impl<S: CredentialSource<C>, C: Send + Sync> CredentialProvider for KeptCredentials<S, C> {
    type Credential = C;

    async fn get_credential(&self) -> Result<Arc<C>> {
        match self.kept() {
            Some(kept) => Ok(kept),
            None => Ok(self.keep(self.source.fetch().await?)),
        }
    }
}

impl<S, C> fmt::Debug for KeptCredentials<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptCredentials").finish_non_exhaustive()
    }
}
