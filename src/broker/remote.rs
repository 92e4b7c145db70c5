//! The issuer and the API, as the broker needs them.

use std::cell::OnceCell;
use std::time::Duration;

use secrecy::SecretString;

use crate::clock::OffsetEstimate;
use crate::config::{Settings, Verify};
use crate::context::Context;
use crate::error::{Error, Kind, Result};
use crate::net::Session;
use crate::oauth::tokens_me::{Api, CheckMethod, TokenCheck};
use crate::oauth::{self, MintedTokens, TokenRequest};
use crate::token::{AccessToken, Token};

pub trait Remote {
    /// Runs the secret command, if there is one, once at most.
    fn client_secret(&self) -> Result<SecretString>;

    /// `issuer_clock` is what earlier responses proved of the issuer's clock.
    fn mint(&self, issuer_clock: Option<&OffsetEstimate>) -> Result<Token>;

    /// Returns `None` if the response has no usable `Date`.
    fn issuer_clock(&self) -> Result<Option<OffsetEstimate>>;

    /// # Errors
    /// If the API gave no verdict on the token, whatever the reason.
    fn check_token(&self, token: &AccessToken) -> Result<TokenCheck>;
}

pub struct NetworkRemote<'a> {
    settings: &'a Settings,
    session: Session<'a>,
    minted: Option<&'a MintedTokens>,
    secret: OnceCell<SecretString>,
}

/// Applies to requests whose response is useful but not required.
const OPTIONAL_REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

impl<'a> NetworkRemote<'a> {
    pub fn new(settings: &'a Settings, context: &'a Context) -> NetworkRemote<'a> {
        let session = Session::new(&settings.network, context);
        NetworkRemote { settings, session, minted: None, secret: OnceCell::new() }
    }

    /// Also records each token that it mints.
    pub fn recording(self, minted: Option<&'a MintedTokens>) -> NetworkRemote<'a> {
        NetworkRemote { minted, ..self }
    }

    /// # Errors
    /// As [`Api::requests_per_minute`].
    pub fn requests_per_minute(&self, token: &AccessToken) -> Result<Option<u32>> {
        self.api()?.requests_per_minute(token)
    }

    fn api(&self) -> Result<Api<'_>> {
        let url = self.settings.issuer.api_url.as_deref();
        let url = url.ok_or_else(|| Error::new(Kind::Configuration, "no API is configured"))?;
        Ok(Api { url, session: &self.session, limit: self.check_timeout() })
    }

    fn check_timeout(&self) -> Duration {
        let timeout = self.settings.network.timeout;
        match self.settings.verify {
            Verify::Always => timeout,
            Verify::Auto | Verify::Never => timeout.min(OPTIONAL_REQUEST_TIMEOUT),
        }
    }
}

impl Remote for NetworkRemote<'_> {
    fn client_secret(&self) -> Result<SecretString> {
        if let Some(secret) = self.secret.get() {
            return Ok(secret.clone());
        }
        let Context { clock, reporter, .. } = self.session.context;
        // A command that prints the secret may prompt for a password.
        let _pause = reporter.pause_progress();
        let secret = self.settings.client.secret.get(&**clock, reporter)?;
        Ok(self.secret.get_or_init(|| secret).clone())
    }

    fn mint(&self, issuer_clock: Option<&OffsetEstimate>) -> Result<Token> {
        let Settings { issuer, client, .. } = self.settings;
        let secret = self.client_secret()?;
        let request = TokenRequest {
            issuer,
            client_id: &client.id,
            client_secret: &secret,
            auth: client.auth,
        };
        let mint = || oauth::mint(&self.session, &request, issuer_clock);
        self.minted.map_or_else(mint, |minted| minted.record(mint))
    }

    fn issuer_clock(&self) -> Result<Option<OffsetEstimate>> {
        let activity = "asking the issuer for its time";
        let _activity = self.session.context.reporter.activity(activity);
        oauth::measure_clock(&self.session, &self.settings.issuer, self.check_timeout())
    }

    fn check_token(&self, token: &AccessToken) -> Result<TokenCheck> {
        let method = match self.settings.freshness.idle_timeout {
            Some(_) => CheckMethod::Get,
            None => CheckMethod::Head,
        };
        let api = self.api()?;
        let activity = format_args!("asking {} about the token", api.host());
        let _activity = self.session.context.reporter.activity(activity);
        api.check(token, method)
    }
}
