//! What kind of "no" an issuer's error is.

use std::fmt;

use serde_json::{Map, Value};

use crate::error::Kind;

/// The issuer's words about an error (RFC 6749 section 5.2), as they came:
/// not yet fit to be shown.
#[derive(Debug, Default)]
pub(super) struct Words {
    error: Option<String>,
    description: Option<String>,
}

/// Why the issuer gave no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The client is unknown, its secret is wrong, or it may not do this.
    Credentials,
    /// The request asks for what the issuer does not offer.
    Request,
    /// There is no token endpoint at this address.
    NoEndpoint,
    /// Too many tokens too fast.
    RateLimit,
    /// The issuer itself has failed.
    Broken,
    /// Any other "no", such as a firewall's.
    Other,
}

impl Words {
    /// Reads `error` and `error_description`, else `description` or `message`
    /// as the vendor's APIs say it.
    pub(super) fn of(object: &Map<String, Value>) -> Words {
        let text = |name: &str| Some(object.get(name)?.as_str()?.to_owned());
        let first = |names: &[&str]| names.iter().find_map(|name| text(name));
        Words {
            error: first(&["error", "code"]),
            description: first(&["error_description", "description", "message"]),
        }
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.error, &self.description) {
            (Some(error), Some(description)) if error != description => {
                write!(f, "{error}: {description}")
            }
            (Some(only), _) | (None, Some(only)) => f.write_str(only),
            (None, None) => Ok(()),
        }
    }
}

impl Refusal {
    /// The kind of an error reply with this status and these words; `None` for
    /// a body that is no JSON object.
    ///
    /// 401 always means the credentials, whatever the body is. A 403 without
    /// an issuer's words is more likely a firewall's.
    pub(super) fn of(status: u16, words: Option<&Words>) -> Refusal {
        let error = words.and_then(|words| words.error.as_deref());
        match (status, error.unwrap_or_default()) {
            (429, _) => Refusal::RateLimit,
            (500.., _) => Refusal::Broken,
            (400, "invalid_request") if words.is_some_and(Words::limit_the_rate) => {
                Refusal::RateLimit
            }
            (_, "invalid_client" | "unauthorized_client" | "invalid_grant" | "access_denied") => {
                Refusal::Credentials
            }
            (401, _) => Refusal::Credentials,
            (
                _,
                "invalid_request" | "invalid_scope" | "invalid_target" | "unsupported_grant_type",
            ) => Refusal::Request,
            (403, error) if !error.is_empty() => Refusal::Credentials,
            (404 | 405 | 410, _) => Refusal::NoEndpoint,
            _ => Refusal::Other,
        }
    }

    /// Whether the same request may succeed later.
    pub(super) fn is_passing(self) -> bool {
        matches!(self, Refusal::RateLimit | Refusal::Broken)
    }

    /// The kind of failure, hence the exit code.
    pub(super) fn kind(self) -> Kind {
        match self {
            Refusal::Credentials => Kind::CredentialsRefused,
            Refusal::Request | Refusal::NoEndpoint => Kind::Configuration,
            Refusal::RateLimit => Kind::RateLimited,
            Refusal::Broken | Refusal::Other => Kind::Unavailable,
        }
    }

    /// What failed, in one line.
    pub(super) fn what(self, host: &str) -> String {
        match self {
            Refusal::Credentials => format!("{host} refused the client's credentials"),
            Refusal::Request => format!("{host} refused the token request"),
            Refusal::RateLimit => format!("{host} limits the rate of token requests"),
            Refusal::NoEndpoint | Refusal::Broken | Refusal::Other => {
                format!("no token from {host}")
            }
        }
    }

    /// What to do, in one line.
    pub(super) fn hint(self, words: Option<&Words>) -> &'static str {
        match self {
            Refusal::Credentials if words.is_some_and(Words::tell_of_the_id) => {
                "there is no such client at this host, so the secret was not looked at: check the \
                 client id, and that the OAuth client belongs to this region"
            }
            Refusal::Credentials if words.is_some_and(Words::tell_of_the_secret) => {
                "the client is known, and the secret is not its own: check the client secret"
            }
            Refusal::Credentials => {
                "check the client id and secret, that the OAuth client belongs to this region, \
                 and that its grant type is Client Credentials"
            }
            Refusal::Request => {
                "check --scope and --audience, and that the issuer offers the client credentials grant"
            }
            Refusal::NoEndpoint => {
                "check that --token-url, --login-url or --region names the token endpoint"
            }
            Refusal::RateLimit => {
                "let jobs share one cached token, try again later, or allow more time with --timeout"
            }
            Refusal::Broken => "the issuer has a problem of its own: try again later",
            Refusal::Other => {
                "a firewall or a proxy on the way may have refused; \
                 if it was the issuer, its support can look up the correlation id"
            }
        }
    }
}

impl Words {
    /// The vendor's words for a client id that is unknown in this region.
    fn tell_of_the_id(&self) -> bool {
        self.describe("client not found")
    }

    /// The vendor's words for a wrong secret.
    fn tell_of_the_secret(&self) -> bool {
        self.describe("authentication failed")
    }

    fn describe(&self, words: &str) -> bool {
        let description = self.description.as_deref().unwrap_or_default();
        description.to_ascii_lowercase().contains(words)
    }

    /// The vendor limits the rate of minting with a 400 of this description.
    fn limit_the_rate(&self) -> bool {
        let description = self.description.as_deref().unwrap_or_default();
        let prefix = "rate limit exceeded";
        description.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    }
}
