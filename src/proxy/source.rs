//! Where the next token comes from: the broker, for a run that outlives many.

use std::sync::{Arc, Mutex};

use crate::broker::{Broker, NetworkRemote, ProvidedToken};
use crate::clock::Reading;
use crate::config::{SecretSource, Settings, Verify};
use crate::context::{Context, Reporter};
use crate::error::Result;
use crate::oauth::tokens_me::TokenCheck;
use crate::sync;
use crate::token::{AccessToken, FreshnessPolicy};

/// Makes tokens, or a stand-in in a test. Blocks.
pub(super) trait Source: Send + Sync {
    /// A token that is fresh now, and another one than `refused`.
    fn next(&self, refused: Option<&AccessToken>) -> Result<ProvidedToken>;

    /// The same, after the client secret was read again: another one where the
    /// API refuses the token that is cached.
    fn reload(&self) -> Result<ProvidedToken>;

    /// Makes a call with `token` that counts as a use.
    fn call(&self, token: &AccessToken) -> Result<TokenCheck>;

    /// Has the cache know that `token` was used at `used`.
    fn record_use(&self, token: &AccessToken, used: &Reading);

    /// When a token is fresh.
    fn policy(&self) -> &FreshnessPolicy;
}

/// The broker, with all that it needs at hand.
pub(super) struct BrokerBackend {
    /// All but the secret, which is kept apart.
    settings: Settings,
    secret: Mutex<SecretSource>,
    context: Context,
}

impl BrokerBackend {
    pub(super) fn new(mut settings: Settings, context: &Context) -> Arc<BrokerBackend> {
        // That was for the first token. From now on, any that is fresh is good.
        settings.freshness.newer_than = None;
        // The terminal belongs to the command that is served, or to the shell.
        settings.client.secret.forbid_prompt();
        let secret = Mutex::new(settings.client.secret.clone());
        // Each mint may find the same thing to warn of.
        let reporter = Reporter::deduplicated(context.reporter.clone());
        let context = context.with_reporter(reporter.into());
        Arc::new(BrokerBackend { settings, secret, context })
    }

    /// The settings with the secret as it is stored now. Whoever rotates it
    /// replaces the file while the run goes on; entries that were sealed under
    /// the old one do not open any more, and are replaced.
    fn current(&self) -> Settings {
        let mut secret = sync::lock(&self.secret);
        match secret.reread(&self.context.reporter) {
            Ok(true) => {
                self.context.reporter.line("the client secret has changed, and is used from now on")
            }
            Ok(false) => {}
            Err(error) => self.context.reporter.warn(format_args!(
                "the client secret is not read again, and the earlier one is used: {}",
                error.one_line()
            )),
        }
        let mut settings = self.settings.clone();
        settings.client.secret = secret.clone();
        settings
    }

    fn ask<T>(&self, settings: &Settings, ask: impl FnOnce(&Broker<'_>) -> T) -> T {
        let remote = &NetworkRemote { settings, context: &self.context };
        let (clock, reporter) = (&*self.context.clock, &*self.context.reporter);
        ask(&Broker { settings, remote, clock, reporter })
    }
}

impl Source for BrokerBackend {
    fn next(&self, refused: Option<&AccessToken>) -> Result<ProvidedToken> {
        self.ask(&self.current(), |broker| match refused {
            None => broker.get(),
            Some(token) => broker.replace_rejected(token),
        })
    }

    fn reload(&self) -> Result<ProvidedToken> {
        let mut settings = self.current();
        if settings.issuer.api_url.is_some() && settings.verify != Verify::Never {
            settings.verify = Verify::Always;
        }
        self.ask(&settings, |broker| broker.get())
    }

    fn call(&self, token: &AccessToken) -> Result<TokenCheck> {
        self.ask(&self.current(), |broker| broker.remote.check_token(token))
    }

    fn record_use(&self, token: &AccessToken, used: &Reading) {
        self.ask(&self.current(), |broker| broker.record_use(token, used));
    }

    fn policy(&self) -> &FreshnessPolicy {
        &self.settings.freshness
    }
}
