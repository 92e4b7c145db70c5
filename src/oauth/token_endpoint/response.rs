//! Reads the response of the token endpoint: a pure function of status, headers and body.
//!
//! Messages quote nothing of a body but an error's code and description, and the beginning
//! of a page or a sentence: a body that was not understood may contain a token.

use hyper::header::{LOCATION, WWW_AUTHENTICATE};
use jiff::Timestamp;
use serde_json::Value;

use super::body::{self, JsonObject};
use super::error::{ErrorResponse, TokenErrorKind};
use super::excerpt::redact_long_runs;
use super::retry::{AttemptError, Retryable};
use crate::error::{Error, Kind};
use crate::net::{HttpResponse, retry_after};
use crate::sanitize::{Secrets, shorten};
use crate::token::{AccessToken, Claims, ExpiresIn, LifetimeError, is_bearer};

/// A successful response (RFC 6749 section 5.1) with a Bearer token.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) access_token: AccessToken,
    pub(super) expires_in: Option<ExpiresIn>,
    /// `None` if the token is not a JWT.
    pub(super) claims: Option<Claims>,
}

pub(super) struct ResponseReader<'a> {
    pub(super) host: &'a str,
    pub(super) secrets: &'a Secrets,
}

/// In characters, as the following limits.
const MAX_DESCRIPTION: usize = 200;
const MAX_NAME: usize = 40;
const MAX_CORRELATION_ID: usize = 64;

const CORRELATION_ID_HEADERS: [&str; 8] = [
    // Genesys Cloud.
    "inin-correlation-id",
    "x-okta-request-id",
    "x-ms-request-id",
    "x-correlation-id",
    "x-request-id",
    "x-amzn-requestid",
    "x-amz-cf-id",
    "cf-ray",
];

/// Members that must not be repeated (RFC 6749 section 3.2).
const UNIQUE_MEMBERS: [&str; 4] = ["access_token", "token_type", "expires_in", "error"];

const MAX_MEMBERS_NAMED: usize = 6;

impl ResponseReader<'_> {
    /// `now` is the local wall clock, with which a `Retry-After` date is compared if the
    /// response has no `Date`.
    pub(super) fn read(
        &self,
        response: &HttpResponse,
        now: Timestamp,
    ) -> Result<Grant, AttemptError> {
        match response.status {
            // Some issuers respond with 201.
            200..=299 => self.read_grant(response, now),
            301 | 302 | 303 | 307 | 308 => Err(self.redirect_error(response)),
            407 => Err(self.permanent_error(
                response,
                "a proxy requires credentials",
                "check HTTPS_PROXY (its credentials, too) and NO_PROXY",
            )),
            511 => Err(self.permanent_error(
                response,
                "the network requires a login first (a captive portal)",
                "log in to the network with a browser, or name its proxy with HTTPS_PROXY",
            )),
            400..=599 => Err(self.refused(response, now)),
            300..=399 => Err(self.permanent_error(
                response,
                "which is not a response to a token request",
                NOT_THE_ISSUER_HINT,
            )),
            _ => {
                let description = "which is not an HTTP status";
                Err(self.permanent_error(response, description, NOT_THE_ISSUER_HINT))
            }
        }
    }

    fn read_grant(&self, response: &HttpResponse, now: Timestamp) -> Result<Grant, AttemptError> {
        let object = body::read_object(response, self.secrets).map_err(|description| {
            self.permanent_error(response, &description, NOT_THE_ISSUER_HINT)
        })?;
        let malformed = |description: &str| {
            let hint = "check that --token-url, --login-url or --region names the token endpoint";
            self.permanent_error(response, description, hint)
        };
        if let Some(name) = UNIQUE_MEMBERS.iter().find(|name| object.is_repeated(name)) {
            let description = format!("with {name} repeated, which RFC 6749 section 3.2 forbids");
            return Err(malformed(&description));
        }
        let members = &object.members;
        let access_token = match members.get("access_token") {
            Some(Value::String(token)) if token.is_empty() => {
                return Err(malformed("with an empty access_token"));
            }
            Some(Value::String(token)) => AccessToken::new(token.clone()),
            Some(_) => return Err(malformed("with an access_token that is not a string")),
            // Some issuers send an error with status 200.
            None if ErrorResponse::is_error(members) => return Err(self.refused(response, now)),
            None => return Err(malformed(&self.describe_members(&object))),
        };
        if !access_token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(malformed(
                "with an access_token that no header can carry (RFC 6750 section 2.1)",
            ));
        }
        match members.get("token_type") {
            None | Some(Value::Null) => {}
            Some(Value::String(name)) if is_bearer(name) => {}
            Some(Value::String(name)) => {
                let name = self.secrets.redacted_line(name, MAX_NAME);
                let description = format!("with a token of type {name:?}");
                return Err(self.permanent_error(response, &description, BEARER_HINT));
            }
            Some(_) => return Err(malformed("with a token_type that is not a string")),
        }
        let expires_in = match members.get("expires_in") {
            None | Some(Value::Null) => None,
            Some(value) => {
                Some(ExpiresIn::parse(value).map_err(|error| self.lifetime_error(&error))?)
            }
        };
        Ok(Grant { claims: Claims::parse(access_token.expose()), access_token, expires_in })
    }

    fn describe_members(&self, object: &JsonObject) -> String {
        if object.members.is_empty() {
            return "without an access_token".to_owned();
        }
        let shown = |name: &String| {
            shorten(redact_long_runs(&self.secrets.redacted_line(name, MAX_DESCRIPTION)), MAX_NAME)
        };
        let names: Vec<_> = object.members.keys().take(MAX_MEMBERS_NAMED).map(shown).collect();
        let more = if object.members.len() > MAX_MEMBERS_NAMED { ", ..." } else { "" };
        format!("without an access_token; its members are {}{more}", names.join(", "))
    }

    /// A token with an unknown or impossible lifetime is never handed out, and a retry would
    /// get the same. If it expired on arrival or states no lifetime, no token is known to
    /// live long enough: `Lifetime`. If the value makes no sense, so does the issuer:
    /// `Unavailable`.
    pub(super) fn lifetime_error(&self, error: &LifetimeError) -> AttemptError {
        let (kind, hint) = match error {
            LifetimeError::Unstated => {
                (Kind::Lifetime, "the issuer has to state expires_in (RFC 6749 section 5.1)")
            }
            LifetimeError::Expired(_) => (
                Kind::Lifetime,
                "check the token lifetime of the OAuth client, and the issuer's clock",
            ),
            LifetimeError::NotANumber(_) | LifetimeError::TooLong(_) => (
                Kind::Unavailable,
                "the issuer has to state expires_in in seconds (RFC 6749 section 5.1)",
            ),
        };
        let message = format!("the token from {} cannot be used", self.host);
        // It quotes the body.
        let cause = self.secrets.redacted_line(&error.to_string(), MAX_DESCRIPTION);
        let error = Error::new(kind, message).with_cause(cause).with_hint(hint);
        AttemptError { error, retry: Retryable::Never }
    }

    fn refused(&self, response: &HttpResponse, now: Timestamp) -> AttemptError {
        let (error_response, description) = match body::read_error_object(response, self.secrets) {
            Ok(object) => {
                let error_response = ErrorResponse::parse(&object.members);
                let shown =
                    self.secrets.redacted_line(&error_response.to_string(), MAX_DESCRIPTION);
                let unnamed = || "with a JSON object that names no error".to_owned();
                let description = if shown.is_empty() { unnamed() } else { shown };
                (Some(error_response), description)
            }
            Err(description) => (None, description + &self.challenge(response)),
        };
        let error_response = error_response.as_ref();
        let kind = TokenErrorKind::classify(response.status, error_response);
        let error = Error::new(kind.error_kind(), kind.message(self.host))
            .with_cause(self.cause(response, &description, error_response))
            .with_hint(kind.hint(error_response));
        let retry = if kind.is_retryable() {
            Retryable::After(retry_after(&response.headers, now).unwrap_or_default())
        } else {
            Retryable::Never
        };
        AttemptError { error, retry }
    }

    /// The challenge (RFC 9110 section 11.6.1) of a response whose body says nothing.
    fn challenge(&self, response: &HttpResponse) -> String {
        let Some(challenge) = response.headers.get(WWW_AUTHENTICATE) else {
            return String::new();
        };
        let challenge = String::from_utf8_lossy(challenge.as_bytes());
        match self.secrets.redacted_line(&challenge, MAX_DESCRIPTION) {
            challenge if challenge.is_empty() => String::new(),
            challenge => format!(", WWW-Authenticate: {challenge}"),
        }
    }

    fn redirect_error(&self, response: &HttpResponse) -> AttemptError {
        let target = response.headers.get(LOCATION).and_then(|location| {
            let base = url::Url::parse(&format!("https://{}/", self.host)).ok()?;
            let url = base.join(std::str::from_utf8(location.as_bytes()).ok()?).ok()?;
            // The rest of the address may hold a session.
            Some(self.secrets.redacted_line(url.host_str()?, MAX_DESCRIPTION))
        });
        let description = match target {
            Some(host) => format!("a redirect to {host}, which is not followed"),
            None => "a redirect to nowhere".to_owned(),
        };
        self.permanent_error(response, &description, NOT_THE_ISSUER_HINT)
    }

    fn permanent_error(
        &self,
        response: &HttpResponse,
        description: &str,
        hint: &str,
    ) -> AttemptError {
        let error = Error::new(Kind::Unavailable, format!("no token from {}", self.host))
            .with_cause(self.cause(response, description, None))
            .with_hint(hint);
        AttemptError { error, retry: Retryable::Never }
    }

    /// `HTTP 400: <description>; correlation id <id>`. The id is taken from the headers, else
    /// from the body.
    fn cause(
        &self,
        response: &HttpResponse,
        description: &str,
        error_response: Option<&ErrorResponse>,
    ) -> String {
        let header = CORRELATION_ID_HEADERS.iter().find_map(|name| response.headers.get(*name));
        let header = header.map(|value| String::from_utf8_lossy(value.as_bytes()));
        let in_body = error_response.and_then(|response| response.correlation_id.as_deref());
        let id = header.as_deref().or(in_body).unwrap_or_default();
        let id = match self.secrets.redacted_line(id, MAX_CORRELATION_ID) {
            id if id.is_empty() => id,
            id => format!("; correlation id {id}"),
        };
        let separator = match description.split_once(' ') {
            Some(("with" | "without", _)) => "",
            Some(("which", _)) => ",",
            _ => ":",
        };
        format!("HTTP {}{separator} {description}{id}", response.status)
    }
}

const NOT_THE_ISSUER_HINT: &str = "check --token-url, --login-url or --region; perhaps something other than the issuer answered, \
     such as a captive portal or a proxy";

const BEARER_HINT: &str = "only Bearer tokens can be presented here (RFC 6749 section 7.1): have the issuer make them for \
     this client";

/// Reads `bytes` as a response: two bytes of status, fields, an empty line, and a body.
#[cfg(fuzzing)]
pub(crate) fn fuzz(bytes: &[u8]) {
    use hyper::header::{HeaderMap, HeaderName, HeaderValue};

    const SECRET: &str = "a-client-secret";
    let Some((status, rest)) = bytes.split_first_chunk() else {
        return;
    };
    let end = rest.windows(2).position(|two| two == b"\n\n").unwrap_or(0);
    let (head, body) = rest.split_at(end);
    let mut headers = HeaderMap::new();
    for line in head.split(|byte| *byte == b'\n') {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let name = HeaderName::from_bytes(parts.next().unwrap_or_default());
        let value = HeaderValue::from_bytes(parts.next().unwrap_or_default());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    let mut secrets = Secrets::default();
    secrets.add(SECRET);
    let reader = ResponseReader { host: "login.example", secrets: &secrets };
    let response =
        HttpResponse { status: u16::from_be_bytes(*status), headers, body: body.to_vec().into() };
    if let Err(failure) = reader.read(&response, Timestamp::UNIX_EPOCH) {
        let shown = failure.error.to_string();
        assert!(!shown.contains(SECRET), "the secret was shown: {shown}");
        assert!(!shown.contains(|char: char| char.is_control() && char != '\n'), "{shown:?}");
    }
}

#[cfg(test)]
mod tests;
