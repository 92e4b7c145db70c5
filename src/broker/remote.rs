//! The issuer and the API, as the broker needs them.

use std::time::Duration;

use secrecy::SecretString;

use crate::clock::OffsetEstimate;
use crate::config::{NetworkSettings, Settings, Verify};
use crate::context::Context;
use crate::error::{Error, Kind, Result};
use crate::oauth::tokens_me::{Api, CheckMethod, TokenCheck};
use crate::oauth::{self, TokenRequest};
use crate::token::{AccessToken, Token};

/// The issuer and the API; a fake in tests.
pub trait Remote {
    /// `issuer_clock` is what earlier responses proved of the issuer's clock.
    fn mint(&self, issuer_clock: Option<&OffsetEstimate>) -> Result<Token>;

    /// Returns `None` if the response has no usable `Date`.
    fn issuer_clock(&self) -> Result<Option<OffsetEstimate>>;

    /// # Errors
    /// If the API gave no verdict on the token, whatever the reason.
    fn check_token(&self, token: &AccessToken) -> Result<TokenCheck>;
}

pub struct NetworkRemote<'a> {
    pub settings: &'a Settings,
    pub context: &'a Context,
}

/// Applies to requests whose response is useful but not required.
const OPTIONAL_REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

impl NetworkRemote<'_> {
    fn network_for_checks(&self) -> NetworkSettings {
        let network = self.settings.network.clone();
        let timeout = match self.settings.verify {
            Verify::Always => network.timeout,
            Verify::Auto | Verify::Never => network.timeout.min(OPTIONAL_REQUEST_TIMEOUT),
        };
        NetworkSettings { timeout, ..network }
    }
}

impl Remote for NetworkRemote<'_> {
    fn mint(&self, issuer_clock: Option<&OffsetEstimate>) -> Result<Token> {
        let Settings { issuer, client, network, .. } = self.settings;
        let secret: SecretString =
            client.secret.get(&*self.context.clock, &self.context.reporter)?;
        let request = TokenRequest {
            issuer,
            client_id: &client.id,
            client_secret: &secret,
            auth: client.auth,
        };
        oauth::mint(&request, network, issuer_clock, self.context)
    }

    fn issuer_clock(&self) -> Result<Option<OffsetEstimate>> {
        let issuer = &self.settings.issuer;
        oauth::measure_clock(issuer, &self.network_for_checks(), self.context)
    }

    fn check_token(&self, token: &AccessToken) -> Result<TokenCheck> {
        let url = self.settings.issuer.api_url.as_deref();
        let url = url.ok_or_else(|| Error::new(Kind::Configuration, "no API is configured"))?;
        let network = &self.network_for_checks();
        let method = match self.settings.freshness.idle_timeout {
            Some(_) => CheckMethod::Get,
            None => CheckMethod::Head,
        };
        Api { url, network, context: self.context }.check(token, method)
    }
}
