//! The API's side of a token: the one who judges it in the end.

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use url::Url;
use zeroize::Zeroizing;

use crate::clock::Measure;
use crate::error::{Error, Kind, Result};
use crate::http::{self, Exchange, Wire};
use crate::settings::Network;
use crate::token::AccessToken;
use crate::world::{Clock, Environment, Talk};

/// The API of a Genesys Cloud region.
pub struct Api<'a> {
    /// Its base URL.
    pub url: &'a str,
    /// How it is reached.
    pub network: &'a Network,
    /// Decides about proxies and trusted certificates.
    pub env: &'a Environment,
    /// The clocks to measure with.
    pub clock: &'a dyn Clock,
    /// Where each step is explained.
    pub talk: &'a Talk,
}

/// What the API says to a token.
#[derive(Debug)]
pub struct Answer {
    /// Its verdict.
    pub opinion: Opinion,
    /// Its clock, where the answer showed it.
    pub clock: Option<Measure>,
}

/// What the API thinks of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opinion {
    /// It is good.
    Accepted,
    /// It is not: HTTP 401.
    Refused,
    /// The API has other troubles, or limits the rate: this HTTP status.
    Unclear(u16),
}

/// The token that is presented, whoever it belongs to. Needs no permission.
pub(crate) const TOKENS_ME: &str = "/api/v2/tokens/me";

impl Api<'_> {
    /// Asks the API what it thinks of `token`, by the one request that needs no
    /// permission and has no body.
    ///
    /// # Errors
    /// `Unavailable` when the API cannot be reached.
    pub fn ask(&self, token: &AccessToken) -> Result<Answer> {
        let exchange = self.send(Method::HEAD, "no word on the token", Some(token))?;
        let opinion = match exchange.reply.status {
            200..300 => Opinion::Accepted,
            401 => Opinion::Refused,
            status => Opinion::Unclear(status),
        };
        Ok(Answer { opinion, clock: exchange.measure() })
    }

    /// Asks for nothing but the time: a request without a token, which the API
    /// refuses, shows its clock as well. `None` where the answer has no `Date`.
    ///
    /// # Errors
    /// `Unavailable` when the API cannot be reached.
    pub fn clock(&self) -> Result<Option<Measure>> {
        let exchange = self.send(Method::HEAD, "no time", None)?;
        Ok(exchange.measure())
    }

    /// Revokes `token`. One that the API does not accept any more is revoked
    /// already.
    ///
    /// # Errors
    /// `Unavailable` when the API cannot be reached or gives another answer.
    pub fn revoke(&self, token: &AccessToken) -> Result<()> {
        let purpose = "the token is not revoked: no answer";
        let exchange = self.send(Method::DELETE, purpose, Some(token))?;
        match exchange.reply.status {
            200..300 | 401 => Ok(()),
            status => Err(Error::new(Kind::Unavailable, "the token is not revoked")
                .why(format!("{} answered HTTP {status}", self.host()))
                .hint("it ends by itself, or can be revoked in the admin's OAuth view")),
        }
    }

    /// Sends a request to [`TOKENS_ME`].
    fn send(
        &self,
        method: Method,
        purpose: &'static str,
        token: Option<&AccessToken>,
    ) -> Result<Exchange> {
        let url = Url::parse(&format!("{}{TOKENS_ME}", self.url)).map_err(|error| {
            Error::new(Kind::Configuration, "the API's URL is unusable").because(error)
        })?;
        let wire = Wire::new(&url, purpose, self.network, self.env, self.talk)?;
        let mut request = wire.request(method);
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, bearer(token)?);
        }
        wire.exchange(request, self.network.timeout, self.clock)
    }

    fn host(&self) -> String {
        Url::parse(self.url).map_or_else(|_| self.url.to_owned(), |url| http::host(&url))
    }
}

/// The header that presents a token (RFC 6750 section 2.1).
///
/// # Errors
/// `Unavailable` for a token that no header can hold.
pub(crate) fn bearer(token: &AccessToken) -> Result<HeaderValue> {
    let text = Zeroizing::new(format!("Bearer {}", token.expose()));
    let mut value = HeaderValue::from_str(&text).map_err(|_| {
        Error::new(Kind::Unavailable, "the token cannot be presented")
            .why("it holds characters that no header can")
    })?;
    value.set_sensitive(true);
    Ok(value)
}
