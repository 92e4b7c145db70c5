//! What can go wrong with a request.

mod notation;

use std::time::Duration;

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::json;

pub(super) use notation::fault_list;

/// What happens to one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// `ok`: nothing goes wrong.
    Nothing,
    /// `slow:3s`: the answer is right, but comes later.
    Slow(Duration),
    /// A status, a redirect, or any other answer in the token's place.
    ScriptedReply(ScriptedReply),
    /// `drop`: the connection is closed without an answer.
    Drop,
    /// `cut`: a token is minted, and the connection breaks in mid-answer.
    Cut,
    /// `hang`: no answer until the client leaves.
    Hang,
    /// `huge`: a right answer that is over 1 MiB long and does not say so.
    Huge,
    /// `no-date`: a right answer without a `Date` header.
    NoDate,
    /// `aged:60`: a right answer out of a proxy's cache, with an `Age` header.
    Aged(u64),
}

/// An answer made up in advance.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptedReply {
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type`.
    #[serde(default = "json_type")]
    pub content_type: String,
    /// The body.
    #[serde(default)]
    pub body: String,
    /// The `Retry-After` header.
    #[serde(skip)]
    pub retry_after: Option<RetryAfter>,
    /// The `Location` header.
    #[serde(default)]
    pub location: Option<String>,
}

/// The `Retry-After` header of a reply (RFC 9110 section 10.2.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RetryAfter {
    /// This text: `429:2`, or nonsense.
    Text(String),
    /// An HTTP date this far ahead on the login host's clock: `429:date+2s`.
    Date(SignedDuration),
}

/// Faults in the compact notation: `3*500,429:2,drop`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Faults(pub Vec<Fault>);

impl ScriptedReply {
    /// A failure of this status, with the body that goes with it.
    pub fn status(status: u16) -> ScriptedReply {
        let body = match status {
            401 => oauth_error("invalid_client", "authentication failed"),
            429 => api_error(status, "too.many.requests", "Rate limit exceeded."),
            503 => api_error(status, "service.unavailable", "The service is unavailable."),
            500.. => api_error(status, "internal.server.error", "Something went wrong."),
            _ => oauth_error("invalid_request", "the request is not acceptable"),
        };
        ScriptedReply { status, content_type: json_type(), body, retry_after: None, location: None }
    }

    /// How Genesys Cloud says that too many tokens are being minted.
    pub fn rate_limit() -> ScriptedReply {
        ScriptedReply {
            body: oauth_error("invalid_request", "rate limit exceeded; try again later"),
            ..ScriptedReply::status(400)
        }
    }

    /// A page for people where JSON is expected, as a captive portal sends it.
    pub fn garbage() -> ScriptedReply {
        ScriptedReply {
            content_type: "text/html".into(),
            body: "<!doctype html><title>Welcome</title><p>Please log in.".into(),
            ..ScriptedReply::status(200)
        }
    }

    /// A redirect that keeps method and body: a client that follows it sends
    /// its secret to `location`.
    pub fn redirect(location: &str) -> ScriptedReply {
        ScriptedReply {
            location: Some(location.to_owned()),
            body: String::new(),
            ..ScriptedReply::status(307)
        }
    }
}

/// RFC 6749 section 5.2, with the vendor's second description.
pub(super) fn oauth_error(error: &str, description: &str) -> String {
    json!({ "error": error, "description": description, "error_description": description })
        .to_string()
}

/// The API's way to say what is wrong.
pub(super) fn api_error(status: u16, code: &str, message: &str) -> String {
    json!({
        "message": message,
        "code": code,
        "status": status,
        "details": [],
        "errors": [],
    })
    .to_string()
}

fn json_type() -> String {
    "application/json".to_owned()
}
