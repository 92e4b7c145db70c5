//! What can go wrong with a token request, and its compact notation.

use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer};
use serde_json::json;

use super::duration;

/// What happens to one token request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// `ok`: nothing goes wrong.
    Nothing,
    /// `slow:3s`: the answer is right, but comes later.
    Slow(Duration),
    /// A status, a redirect, or any other answer in the token's place.
    Reply(Reply),
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
pub struct Reply {
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

impl FromStr for Faults {
    type Err = String;

    /// A comma-separated list; `3*` before a fault repeats it.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut faults = Vec::new();
        if text.is_empty() {
            return Ok(Faults(faults));
        }
        for item in text.split(',') {
            let (times, name) = match item.split_once('*') {
                Some((times, name)) if times.bytes().all(|byte| byte.is_ascii_digit()) => {
                    (times, name)
                }
                _ => ("1", item),
            };
            let times = times
                .parse()
                .ok()
                .filter(|times| (1..=MOST).contains(times));
            let times = times.ok_or_else(|| format!("{item:?} repeats not 1 to {MOST} times"))?;
            faults.extend(std::iter::repeat_n(name.trim().parse::<Fault>()?, times));
        }
        Ok(Faults(faults))
    }
}

/// A longer list would be a slip of the keyboard.
const MOST: usize = 100_000;

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, argument) = match text.split_once(':') {
            Some((name, argument)) => (name, Some(argument)),
            None => (text, None),
        };
        let fault = match (name, argument) {
            ("ok", None) => Fault::Nothing,
            ("drop", None) => Fault::Drop,
            ("cut", None) => Fault::Cut,
            ("hang", None) => Fault::Hang,
            ("huge", None) => Fault::Huge,
            ("no-date", None) => Fault::NoDate,
            ("rate-limit", None) => Fault::Reply(Reply::rate_limit()),
            ("garbage", None) => Fault::Reply(Reply::garbage()),
            ("redirect", to) => Fault::Reply(Reply::redirect(to.unwrap_or("/oauth/token"))),
            ("slow", Some(time)) => Fault::Slow(duration::span(time)?),
            ("aged", Some(age)) => Fault::Aged(
                age.parse()
                    .map_err(|_| format!("{age:?} is not a number of seconds"))?,
            ),
            ("reply", Some(rest)) => Fault::Reply(Reply::parse(rest)?),
            _ => match name.parse() {
                Ok(status @ 300..=599) => Fault::Reply(Reply {
                    retry_after: argument.map(RetryAfter::parse).transpose()?,
                    ..Reply::status(status)
                }),
                _ => return Err(unknown(text)),
            },
        };
        Ok(fault)
    }
}

fn unknown(text: &str) -> String {
    format!(
        "unknown fault {text:?}; known are ok, drop, cut, hang, huge, no-date, rate-limit, \
         garbage, redirect[:URL], slow:TIME, aged:SECONDS, STATUS[:RETRY-AFTER] and \
         reply:STATUS:TYPE:BODY"
    )
}

impl RetryAfter {
    fn parse(text: &str) -> Result<Self, String> {
        match text.strip_prefix("date") {
            Some(ahead) => duration::offset(ahead).map(RetryAfter::Date),
            None => Ok(RetryAfter::Text(text.to_owned())),
        }
    }
}

impl Reply {
    /// A failure of this status, with the body that goes with it.
    pub fn status(status: u16) -> Reply {
        let body = match status {
            401 => oauth_error("invalid_client", "authentication failed"),
            429 => api_error(status, "too.many.requests", "Rate limit exceeded."),
            503 => api_error(status, "service.unavailable", "The service is unavailable."),
            500.. => api_error(status, "internal.server.error", "Something went wrong."),
            _ => oauth_error("invalid_request", "the request is not acceptable"),
        };
        Reply {
            status,
            content_type: json_type(),
            body,
            retry_after: None,
            location: None,
        }
    }

    /// How Genesys Cloud says that too many tokens are being minted.
    pub fn rate_limit() -> Reply {
        Reply {
            body: oauth_error("invalid_request", "rate limit exceeded; try again later"),
            ..Reply::status(400)
        }
    }

    /// A page for people where JSON is expected, as a captive portal sends it.
    pub fn garbage() -> Reply {
        Reply {
            content_type: "text/html".into(),
            body: "<!doctype html><title>Welcome</title><p>Please log in.".into(),
            ..Reply::status(200)
        }
    }

    /// A redirect that keeps method and body: a client that follows it sends
    /// its secret to `location`.
    pub fn redirect(location: &str) -> Reply {
        Reply {
            location: Some(location.to_owned()),
            body: String::new(),
            ..Reply::status(307)
        }
    }

    /// `STATUS:TYPE:BODY`.
    fn parse(text: &str) -> Result<Reply, String> {
        let mut parts = text.splitn(3, ':');
        let status = parts.next().and_then(|status| status.parse().ok());
        match (status, parts.next(), parts.next()) {
            (Some(status @ 200..=599), Some(content_type), Some(body)) => Ok(Reply {
                content_type: content_type.to_owned(),
                body: body.to_owned(),
                ..Reply::status(status)
            }),
            _ => Err(format!("{text:?} is not STATUS:TYPE:BODY")),
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

/// Reads a list whose items are compact texts or whole replies.
pub(super) fn fault_list<'de, D: Deserializer<'de>>(json: D) -> Result<Vec<Fault>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Item {
        Compact(String),
        Whole(Reply),
    }
    let mut faults = Vec::new();
    for item in Vec::<Item>::deserialize(json)? {
        match item {
            Item::Compact(text) => {
                faults.extend(text.parse::<Faults>().map_err(serde::de::Error::custom)?.0);
            }
            Item::Whole(reply) => faults.push(Fault::Reply(reply)),
        }
    }
    Ok(faults)
}

fn json_type() -> String {
    "application/json".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<Fault> {
        text.parse::<Faults>().unwrap().0
    }

    #[test]
    fn a_list_repeats_and_keeps_its_order() {
        assert_eq!(faults(""), []);
        let server_error = Fault::Reply(Reply::status(500));
        assert_eq!(
            faults("2*500,drop, hang,slow:250ms"),
            [
                server_error.clone(),
                server_error,
                Fault::Drop,
                Fault::Hang,
                Fault::Slow(Duration::from_millis(250)),
            ]
        );
    }

    #[test]
    fn retry_after_is_a_text_or_a_date_to_come() {
        let retry_after = |text: &str| match &faults(text)[..] {
            [Fault::Reply(reply)] => (reply.status, reply.retry_after.clone()),
            other => panic!("{other:?}"),
        };
        assert_eq!(retry_after("503"), (503, None));
        let text = RetryAfter::Text("2".into());
        assert_eq!(retry_after("429:2"), (429, Some(text)));
        let date = RetryAfter::Date(SignedDuration::from_secs(-3));
        assert_eq!(retry_after("429:date-3s"), (429, Some(date)));
    }

    #[test]
    fn any_reply_can_be_spelt_out() {
        let spelt = faults("reply:200:text/plain:a:b*c").remove(0);
        let Fault::Reply(reply) = spelt else {
            panic!("{spelt:?}")
        };
        assert_eq!((reply.status, &*reply.content_type), (200, "text/plain"));
        assert_eq!(reply.body, "a:b*c");
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "bang",
            "500,",
            "0*500",
            "x*500",
            "drop:1",
            "slow:-1s",
            "aged:x",
            "99",
            "600",
            "429:date",
            "reply:200",
            "100001*ok",
        ] {
            assert!(text.parse::<Faults>().is_err(), "{text}");
        }
    }
}
