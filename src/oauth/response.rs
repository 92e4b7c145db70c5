//! What a reply means: a pure function from status, header and body.
//!
//! Nothing of a body is shown but the issuer's own error words, and the beginning of a
//! page or a sentence: a body that was not understood may hold a token.

use std::time::Duration;

use hyper::header::{HeaderMap, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::body::{self, Object};
use super::error::{Refusal, Words};
use super::retry::{Again, Failure};
use crate::error::{Error, Kind};
use crate::net::{HttpResponse, date_header, parse_http_date};
use crate::sanitize::{Secrets, shorten};
use crate::token::{AccessToken, Claims, ExpiresIn, LifetimeError, is_bearer};

/// The content of a good reply (RFC 6749 section 5.1). Its token is a Bearer token.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Grant {
    /// The token.
    pub(super) access_token: AccessToken,
    /// `expires_in`. Missing and null are the same.
    pub(super) expires_in: Option<ExpiresIn>,
    /// The claims, where the token is a JWT.
    pub(super) claims: Option<Claims>,
}

/// Reads replies of one issuer.
pub(super) struct Reader<'a> {
    /// The issuer's host, as messages name it.
    pub(super) host: &'a str,
    /// What no message may show.
    pub(super) secrets: &'a Secrets,
}

/// The issuer's own words are cut to this many characters.
const WORDS: usize = 200;

/// The longest name of a member or a type that is shown.
const NAME: usize = 40;

/// An id by which the issuer, or what stands before it, finds the request again. The
/// first of these that a reply has is shown.
const CORRELATION_IDS: [&str; 8] = [
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

/// A reply has each of these once at most (RFC 6749 section 3.2).
const ONCE: [&str; 4] = ["access_token", "token_type", "expires_in", "error"];

/// The number of members that are named of an object without a token.
const MEMBERS: usize = 6;

impl Reader<'_> {
    /// The grant, or why there is none. `now` is the local wall clock, against
    /// which a `Retry-After` date counts when the reply has no `Date`.
    pub(super) fn read(&self, reply: &HttpResponse, now: Timestamp) -> Result<Grant, Failure> {
        match reply.status {
            // Some issuers say 201, for a token that was made.
            200..=299 => self.grant(reply, now),
            301 | 302 | 303 | 307 | 308 => Err(self.redirected(reply)),
            407 => Err(self.final_failure(
                reply,
                "a proxy wants credentials",
                "check HTTPS_PROXY (its credentials, too) and NO_PROXY",
            )),
            511 => Err(self.final_failure(
                reply,
                "the network wants a login first (a captive portal)",
                "log in to the network with a browser, or name its proxy with HTTPS_PROXY",
            )),
            400..=599 => Err(self.refused(reply, now)),
            300..=399 => {
                let said = "which is no answer to a token request";
                Err(self.final_failure(reply, said, ANSWERED_BY_ANOTHER))
            }
            _ => Err(self.final_failure(reply, "which is no status of HTTP", ANSWERED_BY_ANOTHER)),
        }
    }

    fn grant(&self, reply: &HttpResponse, now: Timestamp) -> Result<Grant, Failure> {
        let object = body::object(reply, self.secrets)
            .map_err(|said| self.final_failure(reply, &said, ANSWERED_BY_ANOTHER))?;
        let malformed = |why: &str| {
            let hint = "check that --token-url, --login-url or --region names the token endpoint";
            self.final_failure(reply, why, hint)
        };
        if let Some(name) = ONCE.iter().find(|name| object.repeated.iter().any(|it| it == **name)) {
            let why = format!("with {name} more than once, which RFC 6749 section 3.2 forbids");
            return Err(malformed(&why));
        }
        let members = &object.members;
        let access_token = match members.get("access_token") {
            Some(Value::String(token)) if token.is_empty() => {
                return Err(malformed("with an empty access_token"));
            }
            Some(Value::String(token)) => AccessToken::new(token.clone()),
            Some(_) => return Err(malformed("with an access_token that is no string")),
            // Some issuers answer 200 and mean an error.
            None if Words::is_error(members) => return Err(self.refused(reply, now)),
            None => return Err(malformed(&self.without_token(&object))),
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
                let said = format!("with a token of type {:?}", self.secrets.fit(name, NAME));
                return Err(self.final_failure(reply, &said, ONLY_BEARER));
            }
            Some(_) => return Err(malformed("with a token_type that is no name")),
        }
        let expires_in = match members.get("expires_in") {
            None | Some(Value::Null) => None,
            Some(value) => Some(ExpiresIn::read(value).map_err(|error| self.unlivable(&error))?),
        };
        Ok(Grant { claims: Claims::read(access_token.expose()), access_token, expires_in })
    }

    fn without_token(&self, object: &Object) -> String {
        let names = object.members.keys().take(MEMBERS);
        let names: Vec<_> = names
            .map(|name| shorten(body::without_long_runs(&self.secrets.fit(name, WORDS)), NAME))
            .collect();
        let more = if object.members.len() > MEMBERS { ", ..." } else { "" };
        match names.is_empty() {
            true => "without an access_token".to_owned(),
            false => format!("without an access_token; its members are {}{more}", names.join(", ")),
        }
    }

    /// A token whose lifetime is not known or cannot be right is never handed
    /// out, and asking again would get another one like it.
    ///
    /// Dead on arrival, or nothing said of its end: no token can be had that
    /// is known to live, so [`Kind::Lifetime`]. Absurd or not a number: the
    /// issuer answers nonsense, so [`Kind::Unavailable`].
    pub(super) fn unlivable(&self, error: &LifetimeError) -> Failure {
        let (kind, hint) = match error {
            LifetimeError::Unstated => {
                (Kind::Lifetime, "the issuer has to state expires_in (RFC 6749 section 5.1)")
            }
            LifetimeError::Dead(_) => (
                Kind::Lifetime,
                "check the token lifetime of the OAuth client, and the issuer's clock",
            ),
            LifetimeError::NotANumber(_) | LifetimeError::Absurd(_) => (
                Kind::Unavailable,
                "the issuer has to state expires_in in seconds (RFC 6749 section 5.1)",
            ),
        };
        let what = format!("the token from {} cannot be used", self.host);
        // The lifetime comes from the body: it gets no trust either.
        let cause = self.secrets.fit(&error.to_string(), WORDS);
        Failure {
            error: Error::new(kind, what).with_cause(cause).with_hint(hint),
            again: Again::Never,
        }
    }

    fn refused(&self, reply: &HttpResponse, now: Timestamp) -> Failure {
        let read = body::error_object(reply, self.secrets);
        let words = read.as_ref().map(|object| Words::of(&object.members)).ok();
        let refusal = Refusal::of(reply.status, words.as_ref());
        let said = match (&words, read) {
            (Some(words), _) => match self.secrets.fit(&words.to_string(), WORDS) {
                said if said.is_empty() => "with a JSON object that names no error".to_owned(),
                said => said,
            },
            (None, Err(said)) => said + &self.challenge(reply),
            (None, Ok(_)) => String::new(),
        };
        let error = Error::new(refusal.kind(), refusal.what(self.host))
            .with_cause(self.cause(reply, &said, words.as_ref()))
            .with_hint(refusal.hint(words.as_ref()));
        let again = match refusal.is_passing() {
            true => Again::After(retry_after(&reply.headers, now)),
            false => Again::Never,
        };
        Failure { error, again }
    }

    /// The challenge of a refusal whose body says nothing (RFC 9110 section 11.6.1).
    fn challenge(&self, reply: &HttpResponse) -> String {
        let challenge = reply.headers.get(WWW_AUTHENTICATE).map(|it| it.as_bytes());
        let challenge = challenge.map(String::from_utf8_lossy).unwrap_or_default();
        match self.secrets.fit(&challenge, WORDS) {
            challenge if challenge.is_empty() => String::new(),
            challenge => format!(", WWW-Authenticate: {challenge}"),
        }
    }

    fn redirected(&self, reply: &HttpResponse) -> Failure {
        let target = reply.headers.get(LOCATION).and_then(|location| {
            let base = url::Url::parse(&format!("https://{}/", self.host)).ok()?;
            let url = base.join(std::str::from_utf8(location.as_bytes()).ok()?).ok()?;
            // Only the host: the rest of the address can hold a session.
            Some(self.secrets.fit(url.host_str()?, WORDS))
        });
        let said = match target {
            Some(host) => format!("a redirect to {host}, which is not followed"),
            None => "a redirect to nowhere".to_owned(),
        };
        self.final_failure(reply, &said, ANSWERED_BY_ANOTHER)
    }

    /// The issuer answers nonsense, and would again.
    fn final_failure(&self, reply: &HttpResponse, said: &str, hint: &str) -> Failure {
        Failure {
            error: Error::new(Kind::Unavailable, format!("no token from {}", self.host))
                .with_cause(self.cause(reply, said, None))
                .with_hint(hint),
            again: Again::Never,
        }
    }

    /// `HTTP 400: <said>; correlation id <id>`. An id among the issuer's words counts where
    /// no header has one.
    fn cause(&self, reply: &HttpResponse, said: &str, words: Option<&Words>) -> String {
        let header = CORRELATION_IDS.iter().find_map(|name| reply.headers.get(*name));
        let header = header.map(|id| String::from_utf8_lossy(id.as_bytes()));
        let id = words.and_then(|words| words.correlation_id.as_deref());
        let id = header.as_deref().or(id).map(|id| self.secrets.fit(id, 64));
        let id = match id.filter(|id| !id.is_empty()) {
            Some(id) => format!("; correlation id {id}"),
            None => String::new(),
        };
        let colon = match said.split_once(' ') {
            Some(("with" | "without", _)) => "",
            Some(("which", _)) => ",",
            _ => ":",
        };
        format!("HTTP {}{colon} {said}{id}", reply.status)
    }
}

const ANSWERED_BY_ANOTHER: &str = "check --token-url, --login-url or --region; a guess: something other than the issuer answered, \
     such as a captive portal or a proxy";

const ONLY_BEARER: &str = "only Bearer tokens can be presented here (RFC 6749 section 7.1): have the issuer make them for \
     this client";

/// How long the issuer asks to wait (RFC 9110 section 10.2.3); zero when it
/// does not. A date is compared with the reply's own `Date`: both are of the
/// issuer's clock.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Duration {
    let Some(text) = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()) else {
        return Duration::ZERO;
    };
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // Only a number beyond all time limits does not parse.
        return Duration::from_secs(text.parse().unwrap_or(u64::MAX));
    }
    let wait = parse_http_date(text)
        .map(|until| until.duration_since(date_header(headers).unwrap_or(now)));
    let wait = wait.unwrap_or_default().max(SignedDuration::ZERO);
    wait.try_into().unwrap_or_default()
}

/// Reads `bytes` as a reply: two bytes of status, fields, an empty line, and a body.
#[cfg(fuzzing)]
pub(crate) fn fuzz(bytes: &[u8]) {
    use hyper::header::{HeaderName, HeaderValue};

    const SECRET: &str = "a-client-secret";
    let Some((status, rest)) = bytes.split_first_chunk() else {
        return;
    };
    let end = rest.windows(2).position(|two| two == b"\n\n").unwrap_or(0);
    let (head, body) = rest.split_at(end);
    let mut headers = HeaderMap::new();
    for line in head.split(|it| *it == b'\n') {
        let mut parts = line.splitn(2, |it| *it == b':');
        let name = HeaderName::from_bytes(parts.next().unwrap_or_default());
        let value = HeaderValue::from_bytes(parts.next().unwrap_or_default());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    let mut secrets = Secrets::default();
    secrets.add(SECRET);
    let reader = Reader { host: "login.example", secrets: &secrets };
    let reply =
        HttpResponse { status: u16::from_be_bytes(*status), headers, body: body.to_vec().into() };
    if let Err(failure) = reader.read(&reply, Timestamp::UNIX_EPOCH) {
        let said = failure.error.to_string();
        assert!(!said.contains(SECRET), "the secret was shown: {said}");
        assert!(!said.contains(|it: char| it.is_control() && it != '\n'), "{said:?}");
    }
}

#[cfg(test)]
mod tests;
