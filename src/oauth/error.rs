//! What kind of "no" an issuer's error is.

use std::fmt;

use serde_json::{Map, Value};

use crate::error::Kind;

/// The issuer's words about an error, as they came: not yet fit to be shown.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    error: Option<String>,
    description: Option<String>,
    /// The id by which the issuer finds the request again.
    pub(super) correlation_id: Option<String>,
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

/// The names of an error's code: of RFC 6749 section 5.2 first, then of Okta and
/// Apigee, by AWS, by WeChat, and by the vendor's API. Compared without case and without
/// what is no letter.
const CODES: [&str; 6] = ["error", "errorcode", "type", "errcode", "code", "status"];

/// The names of an error's description, likewise: OAuth, the vendor's login, Okta, Keycloak,
/// Apigee, the vendor's API, problem details (RFC 9457).
const DESCRIPTIONS: [&str; 9] = [
    "errordescription",
    "description",
    "errorsummary",
    "errormessage",
    "faultstring",
    "errmsg",
    "message",
    "detail",
    "title",
];

/// The members that hold the two in some replies: Google, Apigee, JSON:API.
const WRAPPERS: [&str; 4] = ["error", "fault", "detail", "errors"];

/// Entra ID, the vendor's API, Okta.
const IDS: [&str; 4] = ["correlationid", "contextid", "errorid", "traceid"];

/// The members that tell of an error with status 200. Other names are too common.
const CODES_OF_SUCCESS: [&str; 3] = ["error", "errorcode", "fault"];

impl Words {
    /// Reads the words of the error that `object` describes, in the shapes that issuers
    /// and gateways before them have.
    pub(super) fn of(object: &Map<String, Value>) -> Words {
        Words::below(object, 2)
    }

    /// Returns whether a reply of status 200 describes an error.
    pub(super) fn is_error(object: &Map<String, Value>) -> bool {
        let is_set = |value: &Value| match value {
            Value::String(text) => !text.is_empty(),
            Value::Number(number) => number.as_i64() != Some(0),
            Value::Bool(is_error) => *is_error,
            Value::Object(_) | Value::Array(_) => true,
            Value::Null => false,
        };
        CODES_OF_SUCCESS.iter().any(|name| member(object, name).is_some_and(is_set))
    }

    fn below(object: &Map<String, Value>, depth: u8) -> Words {
        // A number is rather a status than a code.
        let text = |names: &[&str]| {
            let members = || names.iter().filter_map(|name| member(object, name));
            members().find_map(words).or_else(|| members().find_map(number))
        };
        let outer = Words {
            error: text(&CODES),
            description: text(&DESCRIPTIONS),
            correlation_id: text(&IDS),
        };
        let inner = WRAPPERS.iter().filter_map(|name| inner(member(object, name)?));
        // What stands further inside is more exact: a code, and not a status.
        inner.take(if depth == 0 { 0 } else { 2 }).fold(outer, |words, object| {
            let inner = Words::below(object, depth - 1);
            Words {
                error: inner.error.or(words.error),
                description: words.description.or(inner.description),
                correlation_id: words.correlation_id.or(inner.correlation_id),
            }
        })
    }

    /// The code, as far as it matters: letters only, and without Apigee's prefix and the
    /// suffix of AWS.
    fn code(&self) -> String {
        let code = self.error.as_deref().unwrap_or_default();
        let mut code = plain(code.rsplit(['.', '#']).next().unwrap_or_default());
        code.truncate(code.strip_suffix("exception").map_or(code.len(), str::len));
        code
    }
}

/// The member of this plain name, however it is spelt.
fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.iter().find(|(key, _)| plain(key) == name).map(|(_, value)| value)
}

fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphabetic).map(|char| char.to_ascii_lowercase()).collect()
}

fn words(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned)
}

fn number(value: &Value) -> Option<String> {
    value.is_number().then(|| value.to_string())
}

fn inner(value: &Value) -> Option<&Map<String, Value>> {
    match value {
        Value::Array(list) => list.first()?.as_object(),
        value => value.as_object(),
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
    /// 401 is about the credentials, whatever the body is, unless the issuer says that
    /// it is not. A 403 without an issuer's words is more likely a firewall's.
    pub(super) fn of(status: u16, words: Option<&Words>) -> Refusal {
        let code = words.map(Words::code).unwrap_or_default();
        match (status, &*code) {
            (429, _) => Refusal::RateLimit,
            (
                _,
                "slowdown" | "toomanyrequests" | "ratelimitexceeded" | "limitexceeded"
                | "throttling" | "throttled",
            ) => Refusal::RateLimit,
            (400 | 403, _) if words.is_some_and(Words::limit_the_rate) => Refusal::RateLimit,
            // 408 and 425 ask for the same request once more (RFC 9110, RFC 8470).
            (408 | 425 | 500.., _) => Refusal::Broken,
            (
                _,
                "temporarilyunavailable"
                | "serviceunavailable"
                | "servererror"
                | "internalerror"
                | "internalservererror",
            ) => Refusal::Broken,
            (
                _,
                "invalidclient"
                | "unauthorizedclient"
                | "invalidgrant"
                | "accessdenied"
                | "invalidclientidentifier"
                | "notauthorized",
            ) => Refusal::Credentials,
            (401, _) => Refusal::Credentials,
            (
                _,
                "invalidrequest"
                | "invalidscope"
                | "invalidtarget"
                | "invalidresource"
                | "unsupportedgranttype",
            ) => Refusal::Request,
            (403, code) if !code.is_empty() => Refusal::Credentials,
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
                "the client exists, but this is not its secret: check the client secret"
            }
            Refusal::Credentials => {
                "check the client id and secret, that the OAuth client is registered with this \
                 issuer (Genesys Cloud: in this region), and that its grant type is Client \
                 Credentials"
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
                "if it was the issuer, its support can look up the correlation id; \
                 a guess: a firewall or a proxy on the way refused"
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
