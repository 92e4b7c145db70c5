//! The API's side of a token: the one who judges it in the end.

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use url::Url;
use zeroize::Zeroizing;

use crate::clock::{OffsetEstimate, Reading};
use crate::config::NetworkSettings;
use crate::context::Context;
use crate::error::{Error, Kind, Result};
use crate::net::{self, HttpClient, RoundTrip, is_page};
use crate::token::AccessToken;

/// The API of a Genesys Cloud region.
pub struct Api<'a> {
    /// Its base URL.
    pub url: &'a str,
    /// How it is reached.
    pub network: &'a NetworkSettings,
    pub context: &'a Context,
}

/// The API's verdict on a token.
#[derive(Debug)]
pub struct TokenCheck {
    /// The verdict.
    pub status: TokenStatus,
    /// The API's clock, where the answer showed it.
    pub clock: Option<OffsetEstimate>,
    /// The local clocks just before the request, where it counts as a use of the
    /// token.
    pub used: Option<Reading>,
}

/// What the API thinks of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenStatus {
    /// It is good.
    Accepted,
    /// It is not: HTTP 401.
    Rejected,
}

/// The request by which the API is asked about a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckMethod {
    /// By a HEAD request, which has no body. Whether it restarts the token's
    /// inactivity timer is not documented.
    Head,
    /// By a GET request, which restarts the timer.
    Get,
}

/// The token that is presented, whoever it belongs to. Needs no permission.
pub(crate) const TOKENS_ME: &str = "/api/v2/tokens/me";

impl Api<'_> {
    /// Asks the API for its verdict on `token`, by a request that needs no
    /// permission.
    ///
    /// # Errors
    /// `Unavailable` when the API cannot be reached, and when what answers gives
    /// no verdict; `RateLimited` for HTTP 429.
    pub fn ask(&self, token: &AccessToken, contact: CheckMethod) -> Result<TokenCheck> {
        let method = match contact {
            CheckMethod::Head => Method::HEAD,
            CheckMethod::Get => Method::GET,
        };
        let round_trip = self.send(method, "no verdict on the token", Some(token))?;
        let reply = &round_trip.reply;
        let status = token_status(reply.status, is_page(&reply.headers))
            .ok_or_else(|| no_verdict(&self.host(), reply.status))?;
        let used = contact == CheckMethod::Get && status == TokenStatus::Accepted;
        Ok(TokenCheck {
            status,
            clock: round_trip.measure(),
            used: used.then(|| round_trip.sent.clone()),
        })
    }

    /// Asks for nothing but the time: a request without a token, which the API
    /// refuses, shows its clock as well. `None` where the answer has no `Date`.
    ///
    /// # Errors
    /// `Unavailable` when the API cannot be reached.
    pub fn clock(&self) -> Result<Option<OffsetEstimate>> {
        let round_trip = self.send(Method::HEAD, "no time", None)?;
        Ok(round_trip.measure())
    }

    /// Revokes `token`. One that the API does not accept any more is revoked
    /// already.
    ///
    /// # Errors
    /// `Unavailable` when the API cannot be reached or gives another answer.
    pub fn revoke(&self, token: &AccessToken) -> Result<()> {
        let purpose = "the token is not revoked: no answer";
        let round_trip = self.send(Method::DELETE, purpose, Some(token))?;
        match round_trip.reply.status {
            200..300 | 401 => Ok(()),
            status => Err(Error::new(Kind::Unavailable, "the token is not revoked")
                .with_cause(format!("{} answered HTTP {status}", self.host()))
                .with_hint("it ends by itself, or can be revoked in the admin's OAuth view")),
        }
    }

    /// Sends a request to [`TOKENS_ME`].
    fn send(
        &self,
        method: Method,
        purpose: &'static str,
        token: Option<&AccessToken>,
    ) -> Result<RoundTrip> {
        let url = Url::parse(&format!("{}{TOKENS_ME}", self.url)).map_err(|error| {
            Error::new(Kind::Configuration, "the API's URL is unusable").with_source(error)
        })?;
        let client = HttpClient::new(&url, purpose, self.network, self.context)?;
        let mut request = client.request(method);
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, bearer(token)?);
        }
        client.round_trip(request, self.network.timeout, &*self.context.clock)
    }

    fn host(&self) -> String {
        Url::parse(self.url).map_or_else(|_| self.url.to_owned(), |url| net::display_host(&url))
    }
}

/// The verdict in an answer to a request for [`TOKENS_ME`]; `None` where it has
/// none. A good token gets 200 there whatever the client may do, and a bad one 401:
/// any other status is not the API's word on the token, but that of a firewall, of
/// a gateway, or of an API in trouble. Nor is a page for people, such as a captive
/// portal's.
fn token_status(status: u16, is_page: bool) -> Option<TokenStatus> {
    match status {
        200..300 if !is_page => Some(TokenStatus::Accepted),
        401 => Some(TokenStatus::Rejected),
        _ => None,
    }
}

/// Makes the error for an answer without a verdict.
fn no_verdict(host: &str, status: u16) -> Error {
    let kind = match status {
        429 => Kind::RateLimited,
        _ => Kind::Unavailable,
    };
    let page = if status < 300 { " with a web page" } else { "" };
    Error::new(kind, "the API gave no verdict on the token")
        .with_cause(format!(
            "{host} answered HTTP {status}{page}, where a token gets 200 if it is good, and else 401"
        ))
        .with_hint(match status {
            429 => "too many calls with one token in a minute: try again in a minute",
            403 => {
                "this request needs no permission, so a firewall or a gateway may have refused it: \
                 check the way to the API"
            }
            404 | 405 | 410 => "check that --api-url or --region names the API",
            407 => "a proxy wants credentials: check HTTPS_PROXY and NO_PROXY",
            500.. => "the API has a problem of its own: try again later",
            _ => {
                "a captive portal, a proxy or a gateway may have answered in the API's place: \
                 check --api-url and the way to the API"
            }
        })
}

/// The header that presents a token (RFC 6750 section 2.1).
///
/// # Errors
/// `Unavailable` for a token that no header can hold.
pub(crate) fn bearer(token: &AccessToken) -> Result<HeaderValue> {
    let text = Zeroizing::new(format!("Bearer {}", token.expose()));
    let mut value = HeaderValue::from_str(&text).map_err(|_| {
        Error::new(Kind::Unavailable, "the token cannot be presented")
            .with_cause("it holds characters that no header can")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_apis_own_words_are_a_verdict() {
        assert_eq!(token_status(200, false), Some(TokenStatus::Accepted));
        assert_eq!(token_status(204, false), Some(TokenStatus::Accepted));
        assert_eq!(token_status(401, false), Some(TokenStatus::Rejected));
        assert_eq!(token_status(401, true), Some(TokenStatus::Rejected));
        assert_eq!(token_status(200, true), None);
        for status in (100..200).chain(300..401).chain(402..600) {
            assert_eq!(token_status(status, false), None, "{status}");
            let kind = no_verdict("api", status).kind;
            let expected = if status == 429 { Kind::RateLimited } else { Kind::Unavailable };
            assert_eq!(kind, expected, "{status}");
        }
    }
}
