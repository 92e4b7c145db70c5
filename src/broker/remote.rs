//! What the broker needs of the network: the issuer and the API.

use std::time::Duration;

use secrecy::SecretString;

use crate::clock::OffsetEstimate;
use crate::config::{self, Settings, Verify};
use crate::context::Context;
use crate::error::{Error, Kind, Result};
use crate::oauth::tokens_me::{Api, CheckMethod, TokenCheck};
use crate::oauth::{self, TokenRequest};
use crate::token::{AccessToken, Token};

/// The issuer and the API, or a stand-in in a test.
pub trait Remote {
    /// Asks the issuer for a token. `known` is what earlier contacts showed of
    /// its clock.
    fn mint(&self, known: Option<&OffsetEstimate>) -> Result<Token>;

    /// Asks the issuer for the time only; `None` when it does not say.
    fn issuer_clock(&self) -> Result<Option<OffsetEstimate>>;

    /// Asks the API for its verdict on a token.
    ///
    /// # Errors
    /// When there is none, whatever the reason.
    fn check_token(&self, token: &AccessToken) -> Result<TokenCheck>;
}

/// The real ones, over the network.
pub struct NetworkRemote<'a> {
    /// Whom to ask, and how.
    pub settings: &'a Settings,
    pub context: &'a Context,
}

/// How long an answer is waited for that is good to have, and not needed.
const PATIENCE: Duration = Duration::from_secs(5);

impl NetworkRemote<'_> {
    fn patience(&self) -> config::NetworkSettings {
        let network = self.settings.network.clone();
        let timeout = match self.settings.verify {
            Verify::Always => network.timeout,
            Verify::Auto | Verify::Never => network.timeout.min(PATIENCE),
        };
        config::NetworkSettings { timeout, ..network }
    }
}

impl Remote for NetworkRemote<'_> {
    fn mint(&self, known: Option<&OffsetEstimate>) -> Result<Token> {
        let secret: SecretString =
            self.settings.client.secret.get(&*self.context.clock, &self.context.reporter)?;
        let request = TokenRequest {
            issuer: &self.settings.issuer,
            client_id: &self.settings.client.id,
            client_secret: &secret,
            auth: self.settings.client.auth,
        };
        oauth::mint(&request, &self.settings.network, known, self.context)
    }

    fn issuer_clock(&self) -> Result<Option<OffsetEstimate>> {
        let issuer = &self.settings.issuer;
        oauth::clock(issuer, &self.patience(), self.context)
    }

    fn check_token(&self, token: &AccessToken) -> Result<TokenCheck> {
        let url = self.settings.issuer.api_url.as_deref();
        let url = url.ok_or_else(|| Error::new(Kind::Configuration, "there is no API to ask"))?;
        let network = &self.patience();
        let contact = match self.settings.freshness.idle_timeout {
            Some(_) => CheckMethod::Get,
            None => CheckMethod::Head,
        };
        Api { url, network, context: self.context }.ask(token, contact)
    }
}
