//! Faults that the sandbox injects into requests.

mod notation;

use std::time::Duration;

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::json;

pub(super) use notation::fault_list;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// `ok`
    None,
    /// `slow:3s`: a correct response after a delay.
    Slow(Duration),
    ScriptedResponse(ScriptedResponse),
    /// `drop`: closes the connection without a response.
    Drop,
    /// `cut`: processes the request, and closes the connection within the response.
    Cut,
    /// `hang`: never responds.
    Hang,
    /// `huge`: a correct response of more than 1 MiB without `Content-Length`.
    Huge,
    /// `no-date`: a correct response without `Date`.
    NoDate,
    /// `aged:60`: a correct response with `Age`, as from a proxy's cache.
    Aged(u64),
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptedResponse {
    pub status: u16,
    #[serde(default = "json_type")]
    pub content_type: String,
    #[serde(default)]
    pub body: String,
    #[serde(skip)]
    pub retry_after: Option<RetryAfter>,
    #[serde(default)]
    pub location: Option<String>,
}

/// `Retry-After` (RFC 9110 section 10.2.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RetryAfter {
    /// `429:2`; need not be valid.
    Text(String),
    /// `429:date+2s`: an HTTP date relative to the host's clock.
    Date(SignedDuration),
}

/// A list such as `3*500,429:2,drop`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Faults(pub Vec<Fault>);

impl ScriptedResponse {
    pub fn with_status(status: u16) -> ScriptedResponse {
        let body = match status {
            401 => oauth_error("invalid_client", "authentication failed"),
            429 => api_error(
                status,
                "too.many.requests.retry.after",
                "Rate limit exceeded the maximum.",
            ),
            503 => api_error(status, "service.unavailable", "The service is unavailable."),
            500.. => api_error(status, "internal.server.error", "Something went wrong."),
            _ => oauth_error("invalid_request", "the request is not acceptable"),
        };
        ScriptedResponse {
            status,
            content_type: json_type(),
            body,
            retry_after: None,
            location: None,
        }
    }

    /// The response of Genesys Cloud above its rate limit for token requests.
    pub fn rate_limit() -> ScriptedResponse {
        ScriptedResponse {
            body: oauth_error("invalid_request", MINT_RATE_EXCEEDED),
            ..ScriptedResponse::with_status(400)
        }
    }

    /// HTML, as a captive portal sends it.
    pub fn garbage() -> ScriptedResponse {
        ScriptedResponse {
            content_type: "text/html".into(),
            body: "<!doctype html><title>Welcome</title><p>Please log in.".into(),
            ..ScriptedResponse::with_status(200)
        }
    }

    /// A redirect that keeps method and body: a client that followed it would send its secret to
    /// `location`.
    pub fn redirect(location: &str) -> ScriptedResponse {
        ScriptedResponse {
            location: Some(location.to_owned()),
            body: String::new(),
            ..ScriptedResponse::with_status(307)
        }
    }
}

pub(super) const MINT_RATE_EXCEEDED: &str = "rate limit exceeded; try again later";

/// An error of RFC 6749 section 5.2, with the vendor's additional `description`.
pub(super) fn oauth_error(error: &str, description: &str) -> String {
    json!({ "error": error, "description": description, "error_description": description })
        .to_string()
}

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
