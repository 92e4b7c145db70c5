//! Classifies the error responses of issuers, and of gateways in front of them.

use std::fmt;

use serde_json::{Map, Value};

use crate::error::Kind;

/// An error response (RFC 6749 section 5.2), unsanitized.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ErrorResponse {
    error: Option<String>,
    description: Option<String>,
    pub(super) correlation_id: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenErrorKind {
    /// Unknown client, wrong secret, or a client that may not request tokens.
    Credentials,
    /// The issuer does not support what the request asks for.
    Unsupported,
    NoEndpoint,
    RateLimit,
    ServerError,
    Other,
}

/// Names of the error code: RFC 6749 section 5.2, Okta and Apigee, AWS, WeChat, the vendor's
/// API. Compared by their letters only, without case.
const CODES: [&str; 6] = ["error", "errorcode", "type", "errcode", "code", "status"];

/// Names of the description: OAuth, the vendor's login, Okta, Keycloak, Apigee, the vendor's
/// API, problem details (RFC 9457).
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

/// Members that contain code and description in responses of Google, Apigee and JSON:API.
const WRAPPERS: [&str; 4] = ["error", "fault", "detail", "errors"];

/// Names of the correlation id: Entra ID, the vendor's API, Okta.
const CORRELATION_IDS: [&str; 4] = ["correlationid", "contextid", "errorid", "traceid"];

/// Members that signal an error in a response of status 200. Other names are too common.
const CODES_WITH_STATUS_200: [&str; 3] = ["error", "errorcode", "fault"];

impl ErrorResponse {
    pub(super) fn parse(object: &Map<String, Value>) -> ErrorResponse {
        ErrorResponse::parse_nested(object, 2)
    }

    /// Returns whether a response of status 200 describes an error.
    pub(super) fn is_error(object: &Map<String, Value>) -> bool {
        let is_set = |value: &Value| match value {
            Value::String(text) => !text.is_empty(),
            Value::Number(number) => number.as_i64() != Some(0),
            Value::Bool(is_error) => *is_error,
            Value::Object(_) | Value::Array(_) => true,
            Value::Null => false,
        };
        CODES_WITH_STATUS_200.iter().any(|name| member(object, name).is_some_and(is_set))
    }

    fn parse_nested(object: &Map<String, Value>, depth: u8) -> ErrorResponse {
        // A number is more likely a status than a code, so strings are preferred.
        let text = |names: &[&str]| {
            let members = || names.iter().filter_map(|name| member(object, name));
            members().find_map(non_empty_string).or_else(|| members().find_map(number))
        };
        let outer = ErrorResponse {
            error: text(&CODES),
            description: text(&DESCRIPTIONS),
            correlation_id: text(&CORRELATION_IDS),
        };
        let nested = WRAPPERS.iter().filter_map(|name| nested_object(member(object, name)?));
        // Inner objects are more specific: they have a code where the outer one has a status.
        nested.take(if depth == 0 { 0 } else { 2 }).fold(outer, |outer, object| {
            let inner = ErrorResponse::parse_nested(object, depth - 1);
            ErrorResponse {
                error: inner.error.or(outer.error),
                description: outer.description.or(inner.description),
                correlation_id: outer.correlation_id.or(inner.correlation_id),
            }
        })
    }

    /// Without Apigee's prefix and the suffix of AWS.
    fn normalized_code(&self) -> String {
        let code = self.error.as_deref().unwrap_or_default();
        let mut code = letters(code.rsplit(['.', '#']).next().unwrap_or_default());
        code.truncate(code.strip_suffix("exception").map_or(code.len(), str::len));
        code
    }
}

/// Finds a member by its letters, without case.
fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.iter().find(|(key, _)| letters(key) == name).map(|(_, value)| value)
}

fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphabetic).map(|char| char.to_ascii_lowercase()).collect()
}

fn non_empty_string(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned)
}

fn number(value: &Value) -> Option<String> {
    value.is_number().then(|| value.to_string())
}

fn nested_object(value: &Value) -> Option<&Map<String, Value>> {
    match value {
        Value::Array(list) => list.first()?.as_object(),
        value => value.as_object(),
    }
}

impl fmt::Display for ErrorResponse {
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

impl TokenErrorKind {
    /// `response` is `None` if the body is not a JSON object.
    ///
    /// A 401 is about the credentials, whatever the body is, unless the issuer's code says
    /// otherwise. A 403 without a code is more likely a firewall's.
    pub(super) fn classify(status: u16, response: Option<&ErrorResponse>) -> TokenErrorKind {
        let code = response.map(ErrorResponse::normalized_code).unwrap_or_default();
        match (status, &*code) {
            (429, _) => TokenErrorKind::RateLimit,
            (
                _,
                "slowdown" | "toomanyrequests" | "ratelimitexceeded" | "limitexceeded"
                | "throttling" | "throttled",
            ) => TokenErrorKind::RateLimit,
            (400 | 403, _) if response.is_some_and(ErrorResponse::is_rate_limit) => {
                TokenErrorKind::RateLimit
            }
            // 408 and 425 ask for the same request once more (RFC 9110, RFC 8470).
            (408 | 425 | 500.., _) => TokenErrorKind::ServerError,
            (
                _,
                "temporarilyunavailable"
                | "serviceunavailable"
                | "servererror"
                | "internalerror"
                | "internalservererror",
            ) => TokenErrorKind::ServerError,
            (
                _,
                "invalidclient"
                | "unauthorizedclient"
                | "invalidgrant"
                | "accessdenied"
                | "invalidclientidentifier"
                | "notauthorized",
            ) => TokenErrorKind::Credentials,
            (401, _) => TokenErrorKind::Credentials,
            (
                _,
                "invalidrequest"
                | "invalidscope"
                | "invalidtarget"
                | "invalidresource"
                | "unsupportedgranttype",
            ) => TokenErrorKind::Unsupported,
            (403, code) if !code.is_empty() => TokenErrorKind::Credentials,
            (404 | 405 | 410, _) => TokenErrorKind::NoEndpoint,
            _ => TokenErrorKind::Other,
        }
    }

    pub(super) fn is_retryable(self) -> bool {
        matches!(self, TokenErrorKind::RateLimit | TokenErrorKind::ServerError)
    }

    pub(super) fn error_kind(self) -> Kind {
        match self {
            TokenErrorKind::Credentials => Kind::CredentialsRefused,
            TokenErrorKind::Unsupported | TokenErrorKind::NoEndpoint => Kind::Configuration,
            TokenErrorKind::RateLimit => Kind::RateLimited,
            TokenErrorKind::ServerError | TokenErrorKind::Other => Kind::Unavailable,
        }
    }

    pub(super) fn message(self, host: &str) -> String {
        match self {
            TokenErrorKind::Credentials => format!("{host} refused the client's credentials"),
            TokenErrorKind::Unsupported => format!("{host} refused the token request"),
            TokenErrorKind::RateLimit => format!("{host} limits the rate of token requests"),
            TokenErrorKind::NoEndpoint | TokenErrorKind::ServerError | TokenErrorKind::Other => {
                format!("no token from {host}")
            }
        }
    }

    pub(super) fn hint(self, response: Option<&ErrorResponse>) -> &'static str {
        match self {
            TokenErrorKind::Credentials
                if response.is_some_and(ErrorResponse::is_unknown_client) =>
            {
                "there is no such client at this host, so the secret was not checked: check the \
                 client id, and that the OAuth client belongs to this region"
            }
            TokenErrorKind::Credentials if response.is_some_and(ErrorResponse::is_wrong_secret) => {
                "the client exists, but this is not its secret: check the client secret"
            }
            TokenErrorKind::Credentials => {
                "check the client id and secret, that the OAuth client is registered with this \
                 issuer (Genesys Cloud: in this region), and that its grant type is Client \
                 Credentials"
            }
            TokenErrorKind::Unsupported => {
                "check --scope and --audience, and that the issuer offers the client credentials grant"
            }
            TokenErrorKind::NoEndpoint => {
                "check that --token-url, --login-url or --region names the token endpoint"
            }
            TokenErrorKind::RateLimit => {
                "let jobs share one token (the cache of a machine, or a --store for many machines), try again \
                 later, or allow more time with --timeout"
            }
            TokenErrorKind::ServerError => "the issuer has a problem of its own: try again later",
            TokenErrorKind::Other => {
                "if it was the issuer, its support can look up the correlation id; \
                 otherwise a firewall or a proxy in between has probably refused"
            }
        }
    }
}

impl ErrorResponse {
    /// Genesys Cloud's description if the client id is unknown in this region.
    fn is_unknown_client(&self) -> bool {
        self.description_contains("client not found")
    }

    /// Genesys Cloud's description if the secret is wrong.
    fn is_wrong_secret(&self) -> bool {
        self.description_contains("authentication failed")
    }

    fn description_contains(&self, text: &str) -> bool {
        let description = self.description.as_deref().unwrap_or_default();
        description.to_ascii_lowercase().contains(text)
    }

    /// Genesys Cloud limits the rate of token requests with a 400 of this description.
    fn is_rate_limit(&self) -> bool {
        let description = self.description.as_deref().unwrap_or_default();
        let prefix = "rate limit exceeded";
        description.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    }
}
