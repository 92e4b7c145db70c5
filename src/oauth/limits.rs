//! The organization's limits, as the API tells them.

use hyper::Method;
use serde_json::Value;

use super::tokens_me::Api;
use crate::error::{Error, Kind, Result};
use crate::token::AccessToken;

pub(crate) const PLATFORM_LIMITS: &str = "/api/v2/organizations/limits/namespaces/platform.api";

pub(crate) const TOKEN_RATE_LIMIT: &str = "client.credentials.token.rate.per.minute";

impl Api<'_> {
    /// Returns how many requests a minute the API takes with one client-credentials token of
    /// this organization; `None` if its response does not say. Counts as one of them, and
    /// requires no permission.
    ///
    /// # Errors
    /// `Unavailable` if the API cannot be reached, or answers with an unexpected status;
    /// `RateLimited` for HTTP 429.
    pub fn requests_per_minute(&self, token: &AccessToken) -> Result<Option<u32>> {
        let purpose = "could not read the rate limit of";
        let response = self.send(Method::GET, PLATFORM_LIMITS, purpose, Some(token))?.reply;
        let host = self.host();
        match response.status {
            200 => {}
            status => {
                let kind = if status == 429 { Kind::RateLimited } else { Kind::Unavailable };
                return Err(Error::new(kind, format!("{purpose} {host}"))
                    .with_cause(format!("{host} answered HTTP {status}")));
            }
        }
        let limit = parse_token_rate_limit(&response.body);
        if limit.is_none() {
            let reporter = &self.session.context.reporter;
            reporter.info(format_args!("{host} does not tell {TOKEN_RATE_LIMIT}"));
        }
        Ok(limit)
    }
}

/// Reads the vendor's `LimitsEntityListing`: `{"entities": [{"key", "namespace", "value"}]}`.
fn parse_token_rate_limit(body: &[u8]) -> Option<u32> {
    let listing: Value = serde_json::from_slice(body).ok()?;
    let mut limits = listing.get("entities")?.as_array()?.iter();
    let limit = limits.find(|limit| limit.get("key").is_some_and(|key| key == TOKEN_RATE_LIMIT));
    whole_number(limit?.get("value")?)
}

/// Takes a number of any type; `None` for one that cannot be a limit.
fn whole_number(value: &Value) -> Option<u32> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok()?,
        number => number.as_f64()?,
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked before")]
    (number >= 1.0 && number <= f64::from(u32::MAX)).then_some(number as u32)
}

#[cfg(fuzzing)]
pub(crate) fn fuzz(bytes: &[u8]) {
    assert_ne!(parse_token_rate_limit(bytes), Some(0));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn parsed(value: &Value) -> Option<u32> {
        let body = json!({
            "entities": [
                { "key": "org.app.user.rate.per.minute", "namespace": "platform.api", "value": 3_000 },
                { "key": TOKEN_RATE_LIMIT, "namespace": "platform.api", "value": value },
            ],
            "pageSize": 2, "pageNumber": 1, "total": 2,
        });
        parse_token_rate_limit(body.to_string().as_bytes())
    }

    #[test]
    fn the_limit_is_a_number_of_any_type_from_1() {
        for (value, limit) in [
            (json!(300), Some(300)),
            (json!(450.0), Some(450)),
            (json!("600"), Some(600)),
            (json!(0), None),
            (json!(-300), None),
            (json!(1e300), None),
            (json!("many"), None),
            (json!(null), None),
            (json!([300]), None),
        ] {
            assert_eq!(parsed(&value), limit, "{value}");
        }
    }

    #[test]
    fn another_response_tells_no_limit() {
        for body in [
            "",
            "<html>",
            "[]",
            "300",
            "{}",
            r#"{"entities": {}}"#,
            r#"{"entities": [7, {"key": 7, "value": 7}, {"value": 7}]}"#,
            r#"{"entities": [{"key": "client.credentials.token.rate.per.minute"}]}"#,
        ] {
            assert_eq!(parse_token_rate_limit(body.as_bytes()), None, "{body}");
        }
    }

    proptest! {
        #[test]
        fn any_limit_comes_through(limit in 1..=u32::MAX) {
            prop_assert_eq!(parsed(&json!(limit)), Some(limit));
        }

        #[test]
        fn any_bytes_are_no_limit_of_0(body: Vec<u8>) {
            prop_assert_ne!(parse_token_rate_limit(&body), Some(0));
        }
    }
}
