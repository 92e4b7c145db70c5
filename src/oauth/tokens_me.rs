//! Checks, measures and revokes at the API of a Genesys Cloud region.

use std::time::Duration;

use hyper::Method;
use hyper::header::{AUTHORIZATION, HeaderValue};
use url::Url;
use zeroize::Zeroizing;

use crate::clock::{OffsetEstimate, Reading};
use crate::error::{Error, Kind, Result};
use crate::net::{self, HttpClient, HttpRequest, RoundTrip, Session, is_page, retry_after};
use crate::token::AccessToken;

pub struct Api<'a> {
    pub url: &'a str,
    pub session: &'a Session<'a>,
    pub limit: Duration,
}

#[derive(Debug)]
pub struct TokenCheck {
    pub status: TokenStatus,
    /// The API's clock, if the response has a usable `Date`.
    pub clock: Option<OffsetEstimate>,
    /// The local clocks just before the request, if it counts as a use of the token.
    pub used: Option<Reading>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenStatus {
    Accepted,
    Rejected,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckMethod {
    /// Not documented to restart the token's inactivity timer.
    Head,
    /// Restarts the token's inactivity timer.
    Get,
}

pub(crate) struct RevocationError {
    pub(super) error: Error,
    /// Of HTTP 429.
    pub(super) retry_after: Option<Duration>,
}

impl From<Error> for RevocationError {
    fn from(error: Error) -> RevocationError {
        RevocationError { error, retry_after: None }
    }
}

/// The token that is presented. Requires no permission.
pub(crate) const TOKENS_ME: &str = "/api/v2/tokens/me";

impl Api<'_> {
    /// Asks the API whether it accepts `token`, by a request that requires no permission.
    ///
    /// # Errors
    /// `Unavailable` if the API cannot be reached, or if the response says nothing about the
    /// token; `RateLimited` for HTTP 429.
    pub fn check(&self, token: &AccessToken, method: CheckMethod) -> Result<TokenCheck> {
        let http_method = match method {
            CheckMethod::Head => Method::HEAD,
            CheckMethod::Get => Method::GET,
        };
        let round_trip =
            self.send(http_method, TOKENS_ME, "could not verify the token with", Some(token))?;
        let response = &round_trip.reply;
        let status = token_status(response.status, is_page(&response.headers))
            .ok_or_else(|| inconclusive(&self.host(), response.status))?;
        let is_use = method == CheckMethod::Get && status == TokenStatus::Accepted;
        Ok(TokenCheck {
            status,
            clock: round_trip.clock_offset(),
            used: is_use.then(|| round_trip.sent.clone()),
        })
    }

    /// Measures the API's clock by a request without a token, which the API rejects with a
    /// `Date`. `None` if that is missing or unusable.
    ///
    /// # Errors
    /// `Unavailable` if the API cannot be reached.
    pub fn measure_clock(&self) -> Result<Option<OffsetEstimate>> {
        let round_trip = self.send(Method::HEAD, TOKENS_ME, "cannot read the clock of", None)?;
        Ok(round_trip.clock_offset())
    }

    /// Revokes `token`. A token that the API no longer accepts counts as revoked.
    ///
    /// # Errors
    /// `Unavailable` if the API cannot be reached, or answers with an unexpected status;
    /// `RateLimited` for HTTP 429.
    pub(crate) fn revoke(&self, token: &AccessToken) -> Result<(), RevocationError> {
        let round_trip =
            self.send(Method::DELETE, TOKENS_ME, "could not revoke the token at", Some(token))?;
        let response = &round_trip.reply;
        match (response.status, is_page(&response.headers)) {
            (200..300, false) | (401, _) => Ok(()),
            (status, is_page) => {
                let error = not_revoked(&self.host(), status, is_page);
                let now = self.session.context.clock.read().wall;
                let retry_after = retry_after(&response.headers, now).filter(|_| status == 429);
                Err(RevocationError { error, retry_after })
            }
        }
    }

    /// `purpose` and the host begin the message of an error.
    pub(super) fn send(
        &self,
        method: Method,
        path: &str,
        purpose: &'static str,
        token: Option<&AccessToken>,
    ) -> Result<RoundTrip> {
        let url = Url::parse(&format!("{}{path}", self.url)).map_err(|error| {
            Error::new(Kind::Configuration, "the API's URL is unusable").with_source(error)
        })?;
        let client = HttpClient::new(&url, purpose, self.limit, self.session)?;
        let mut request = HttpRequest::new(method);
        if let Some(token) = token {
            request = request.with_header(AUTHORIZATION, bearer(token)?);
        }
        client.round_trip(&request, self.limit)
    }

    pub(crate) fn host(&self) -> String {
        Url::parse(self.url).map_or_else(|_| self.url.to_owned(), |url| net::display_host(&url))
    }
}

/// Returns `None` if the response says nothing about the token. A good token gets 200
/// whatever the client's permissions, a bad one 401: any other status is a firewall's, a
/// gateway's, or that of a failing API, and a web page is a captive portal's.
fn token_status(status: u16, is_page: bool) -> Option<TokenStatus> {
    match status {
        200..300 if !is_page => Some(TokenStatus::Accepted),
        401 => Some(TokenStatus::Rejected),
        _ => None,
    }
}

fn inconclusive(host: &str, status: u16) -> Error {
    let kind = match status {
        429 => Kind::RateLimited,
        _ => Kind::Unavailable,
    };
    let page = if status < 300 { " with a web page" } else { "" };
    Error::new(kind, format!("could not verify the token with {host}"))
        .with_cause(format!(
            "{host} answered HTTP {status}{page}, but a valid token gets 200 and an invalid one 401"
        ))
        .with_hint(match status {
            429 => "too many calls with one token in a minute: try again in a minute",
            403 => {
                "this request needs no permission, so a firewall or a gateway may have refused it: \
                 check the route to the API"
            }
            404 | 405 | 410 => "check that --api-url or --region names the API",
            407 => "a proxy requires credentials: check HTTPS_PROXY and NO_PROXY",
            500.. => "the API has a problem of its own: try again later",
            _ => {
                "a captive portal, a proxy or a gateway may have answered in the API's place: \
                 check --api-url and the way to the API"
            }
        })
}

fn not_revoked(host: &str, status: u16, is_page: bool) -> Error {
    let kind = match status {
        429 => Kind::RateLimited,
        _ => Kind::Unavailable,
    };
    let page = if is_page { " with a web page" } else { "" };
    Error::new(kind, format!("could not revoke the token at {host}"))
        .with_cause(format!("{host} answered HTTP {status}{page}"))
        .with_hint("it expires by itself, or can be revoked in the admin's OAuth view")
}

/// Builds the header that presents a token (RFC 6750 section 2.1).
///
/// # Errors
/// `Unavailable` if a header cannot carry the token.
pub(crate) fn bearer(token: &AccessToken) -> Result<HeaderValue> {
    let text = Zeroizing::new(format!("Bearer {}", token.expose()));
    let mut value = HeaderValue::from_str(&text).map_err(|_| {
        Error::new(Kind::Unavailable, "the token cannot be presented")
            .with_cause("it contains characters that a header cannot carry")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_200_and_401_tell_the_status_of_a_token() {
        assert_eq!(token_status(200, false), Some(TokenStatus::Accepted));
        assert_eq!(token_status(204, false), Some(TokenStatus::Accepted));
        assert_eq!(token_status(401, false), Some(TokenStatus::Rejected));
        assert_eq!(token_status(401, true), Some(TokenStatus::Rejected));
        assert_eq!(token_status(200, true), None);
        for status in (100..200).chain(300..401).chain(402..600) {
            assert_eq!(token_status(status, false), None, "{status}");
            let kind = inconclusive("api", status).kind;
            let expected = if status == 429 { Kind::RateLimited } else { Kind::Unavailable };
            assert_eq!(kind, expected, "{status}");
        }
    }
}
