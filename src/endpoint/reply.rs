//! What a reply means: a pure function from status, header and body.
//!
//! Nothing of a body is shown but the issuer's own error words: a body that
//! was not understood may hold a token.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, LOCATION, RETRY_AFTER};
use serde_json::{Map, Value};

use super::refusal::{Refusal, Words};
use super::retry::{Again, Failure};
use super::words::Secrets;
use crate::error::{Error, Kind};
use crate::http::{Reply, date, http_date};
use crate::token::{AccessToken, Claims, ExpiresIn, LifetimeError};

/// What a good reply holds (RFC 6749 section 5.1).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Grant {
    /// The token.
    pub(super) access_token: AccessToken,
    /// `token_type` as sent, else `bearer`.
    pub(super) token_type: String,
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

/// The issuer's support asks for this one.
const CORRELATION_ID: HeaderName = HeaderName::from_static("inin-correlation-id");

impl Reader<'_> {
    /// The grant, or why there is none. `now` is the local wall clock, against
    /// which a `Retry-After` date counts when the reply has no `Date`.
    pub(super) fn read(&self, reply: &Reply, now: Timestamp) -> Result<Grant, Failure> {
        match reply.status {
            200 => self.grant(reply, now),
            300..=399 => Err(self.redirected(reply)),
            407 => Err(self.final_failure(
                reply,
                "a proxy wants credentials",
                "check HTTPS_PROXY (its credentials, too) and NO_PROXY",
            )),
            400..=599 => Err(self.refused(reply, now)),
            _ => Err(self.final_failure(reply, "where 200 was expected", ANSWERED_BY_ANOTHER)),
        }
    }

    fn grant(&self, reply: &Reply, now: Timestamp) -> Result<Grant, Failure> {
        let Some(mut object) = object(reply) else {
            return Err(self.final_failure(reply, &not_json(reply), ANSWERED_BY_ANOTHER));
        };
        let malformed = |why: &str| {
            let hint = "check that --token-url, --login-url or --region names the token endpoint";
            self.final_failure(reply, why, hint)
        };
        let access_token = match object.remove("access_token") {
            Some(Value::String(token)) if token.is_empty() => {
                return Err(malformed("with an empty access_token"));
            }
            Some(Value::String(token)) => AccessToken::new(token),
            Some(_) => return Err(malformed("with an access_token that is no string")),
            // Some issuers answer 200 and mean an error.
            None if object.contains_key("error") => return Err(self.refused(reply, now)),
            None => return Err(malformed("without an access_token")),
        };
        if !access_token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(malformed(
                "with an access_token that no header can carry (RFC 6750 section 2.1)",
            ));
        }
        let token_type = match object.remove("token_type") {
            None | Some(Value::Null) => "bearer".to_owned(),
            Some(Value::String(name)) if is_token_type(&name) => name,
            Some(_) => return Err(malformed("with a token_type that is no name")),
        };
        let expires_in = match object.get("expires_in") {
            None | Some(Value::Null) => None,
            Some(value) => Some(ExpiresIn::read(value).map_err(|error| self.unlivable(&error))?),
        };
        Ok(Grant {
            claims: Claims::read(access_token.expose()),
            access_token,
            token_type,
            expires_in,
        })
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
        Failure { error: Error::new(kind, what).why(cause).hint(hint), again: Again::Never }
    }

    fn refused(&self, reply: &Reply, now: Timestamp) -> Failure {
        let words = object(reply).map(|object| Words::of(&object));
        let refusal = Refusal::of(reply.status, words.as_ref());
        let said = match &words {
            Some(words) => match self.secrets.fit(&words.to_string(), WORDS) {
                said if said.is_empty() => "with a JSON object that names no error".to_owned(),
                said => said,
            },
            None => not_json(reply),
        };
        let error = Error::new(refusal.kind(), refusal.what(self.host))
            .why(self.cause(reply, &said))
            .hint(refusal.hint(words.as_ref()));
        let again = match refusal.is_passing() {
            true => Again::After(retry_after(&reply.headers, now)),
            false => Again::Never,
        };
        Failure { error, again }
    }

    fn redirected(&self, reply: &Reply) -> Failure {
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
    fn final_failure(&self, reply: &Reply, said: &str, hint: &str) -> Failure {
        Failure {
            error: Error::new(Kind::Unavailable, format!("no token from {}", self.host))
                .why(self.cause(reply, said))
                .hint(hint),
            again: Again::Never,
        }
    }

    /// `HTTP 400: <said>; correlation id <id>`.
    fn cause(&self, reply: &Reply, said: &str) -> String {
        let id = reply.headers.get(CORRELATION_ID);
        let id = id.map(|id| self.secrets.fit(&String::from_utf8_lossy(id.as_bytes()), 64));
        let id = match id.filter(|id| !id.is_empty()) {
            Some(id) => format!("; correlation id {id}"),
            None => String::new(),
        };
        let colon = match said.split_once(' ') {
            Some(("with" | "without" | "where", _)) => "",
            _ => ":",
        };
        format!("HTTP {}{colon} {said}{id}", reply.status)
    }
}

const ANSWERED_BY_ANOTHER: &str = "something other than the issuer may have answered, such as a captive portal or a proxy; \
     check --token-url, --login-url or --region";

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
    let wait = http_date(text).map(|until| until.duration_since(date(headers).unwrap_or(now)));
    let wait = wait.unwrap_or_default().max(SignedDuration::ZERO);
    wait.try_into().unwrap_or_default()
}

fn object(reply: &Reply) -> Option<Map<String, Value>> {
    serde_json::from_slice(&reply.body).ok()
}

/// What the body is instead of a JSON object, without showing it.
fn not_json(reply: &Reply) -> String {
    if reply.body.is_empty() {
        return "with an empty body".to_owned();
    }
    let size = reply.body.len();
    let name = reply.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let name = name.map(|name| name.split(';').next().unwrap_or(name).trim());
    match name.filter(|name| is_media_type(name)) {
        Some(name) => format!("with {size} bytes of {name} that are not a JSON object"),
        None => format!("with {size} bytes that are not a JSON object"),
    }
}

fn is_media_type(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/+-.".contains(&byte);
    name.len() <= 60 && name.contains('/') && name.bytes().all(allowed)
}

/// RFC 6749 appendix A.13: a name, here of the plain kind. Registered are
/// `Bearer`, `N_A`, `PoP` and `DPoP`.
fn is_token_type(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    (1..=40).contains(&name.len()) && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests;
