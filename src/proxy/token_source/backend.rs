//! Gets tokens from the broker, for a run that outlives many of them.

use std::sync::{Arc, Mutex};

use crate::broker::{self, Broker, NetworkRemote, ProvidedToken};
use crate::clock::Reading;
use crate::config::{SecretSource, Settings, StoreSettings, Verify};
use crate::context::{Context, Reporter};
use crate::error::Result;
use crate::oauth::MintedTokens;
use crate::oauth::tokens_me::TokenCheck;
use crate::sync;
use crate::token::{AccessToken, FreshnessPolicy};

/// Blocks in every method but the last two.
pub(in super::super) trait TokenBackend: Send + Sync {
    /// Returns a fresh token other than `rejected`.
    fn get_token(&self, rejected: Option<&AccessToken>) -> Result<ProvidedToken>;

    /// Returns a fresh token that the API accepts, unless verification is off.
    fn get_verified_token(&self) -> Result<ProvidedToken>;

    /// Makes a call to the API that counts as a use of `token`.
    fn call_api(&self, token: &AccessToken) -> Result<TokenCheck>;

    /// Returns the limit of the organization; `None` if the API does not tell.
    fn requests_per_minute(&self, token: &AccessToken) -> Result<Option<u32>>;

    fn record_use(&self, token: &AccessToken, used: &Reading);

    fn policy(&self) -> &FreshnessPolicy;

    /// Returns whether other machines share the tokens.
    fn has_store(&self) -> bool;
}

pub(in super::super) struct BrokerBackend {
    /// Their secret is the one at the start; `secret` is the current one.
    settings: Settings,
    secret: Arc<Mutex<SecretSource>>,
    minted: Option<Arc<MintedTokens>>,
    context: Context,
}

impl BrokerBackend {
    pub(in super::super) fn new(
        mut settings: Settings,
        minted: Option<Arc<MintedTokens>>,
        context: &Context,
    ) -> Arc<BrokerBackend> {
        // That setting is about the first token of the run.
        settings.freshness.newer_than = None;
        // And so is that one: the pool has slots of its own.
        if let Some(store) = &mut settings.store {
            store.picks_slot = false;
        }
        // The terminal belongs to the command or to the shell.
        settings.client.secret.forbid_prompt();
        settings.store.iter_mut().for_each(StoreSettings::forbid_prompt);
        let secret = Arc::new(Mutex::new(settings.client.secret.clone()));
        // Each mint may give the same warning.
        let reporter = Reporter::deduplicated(context.reporter.clone());
        let context = context.with_reporter(reporter.into());
        Arc::new(BrokerBackend { settings, secret, minted, context })
    }

    /// Returns a backend for another token of the same client.
    pub(in super::super) fn for_slot(&self, slot: u32) -> Arc<BrokerBackend> {
        let mut settings = self.settings.clone();
        settings.cache.slot = slot;
        let (secret, minted) = (self.secret.clone(), self.minted.clone());
        Arc::new(BrokerBackend { settings, secret, minted, context: self.context.clone() })
    }

    /// Reads the secret again, which may have been rotated during the run. Cache entries
    /// that were sealed under the earlier one cannot be decrypted, and are replaced.
    fn current_settings(&self) -> Settings {
        let mut secret = sync::lock(&self.secret);
        match secret.reread(&self.context.reporter) {
            Ok(true) => {
                self.context.reporter.line("the client secret has changed: using the new one")
            }
            Ok(false) => {}
            Err(error) => self.context.reporter.warn(format_args!(
                "could not read the client secret again, using the earlier one: {}",
                error.one_line()
            )),
        }
        let mut settings = self.settings.clone();
        settings.client.secret = secret.clone();
        settings
    }

    fn with_broker<T>(&self, settings: &Settings, work: impl FnOnce(&Broker<'_>) -> T) -> T {
        let remote = &NetworkRemote::new(settings, &self.context).recording(self.minted.as_deref());
        let (clock, reporter) = (&*self.context.clock, &*self.context.reporter);
        broker::with_store(settings, &self.context, |store| {
            work(&Broker { settings, remote, clock, reporter, store })
        })
    }
}

impl TokenBackend for BrokerBackend {
    fn get_token(&self, rejected: Option<&AccessToken>) -> Result<ProvidedToken> {
        self.with_broker(&self.current_settings(), |broker| match rejected {
            None => broker.get(),
            Some(token) => broker.replace_rejected(token),
        })
    }

    fn get_verified_token(&self) -> Result<ProvidedToken> {
        let mut settings = self.current_settings();
        if settings.issuer.api_url.is_some() && settings.verify != Verify::Never {
            settings.verify = Verify::Always;
        }
        self.with_broker(&settings, |broker| broker.get())
    }

    fn call_api(&self, token: &AccessToken) -> Result<TokenCheck> {
        self.with_broker(&self.current_settings(), |broker| broker.remote.check_token(token))
    }

    fn requests_per_minute(&self, token: &AccessToken) -> Result<Option<u32>> {
        let settings = self.current_settings();
        NetworkRemote::new(&settings, &self.context).requests_per_minute(token)
    }

    fn record_use(&self, token: &AccessToken, used: &Reading) {
        self.with_broker(&self.current_settings(), |broker| broker.record_use(token, used));
    }

    fn policy(&self) -> &FreshnessPolicy {
        &self.settings.freshness
    }

    fn has_store(&self) -> bool {
        self.settings.store.is_some()
    }
}
