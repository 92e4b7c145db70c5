//! Responses with 429: those of the API, which are read, and those of the proxy itself.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame};
use hyper::header::{HeaderValue, RETRY_AFTER};
use hyper::{HeaderMap, Response, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::body::ResponseBody;
use super::error_response::json_response;
use super::token_pool::RateLimitCause;
use crate::net::retry_after;

/// The vendor's windows are a minute long.
const MAX_RESET: Duration = Duration::from_secs(60);

const DEFAULT_RESET: Duration = Duration::from_secs(30);

/// The API's own bodies are some hundred bytes long.
const MAX_BODY: usize = 16 << 10;

/// The time for reading a body, in which a request is held.
const BODY_TIMEOUT: Duration = Duration::from_secs(1);

/// Returns the time until the limit is reset.
pub(super) fn reset_time(headers: &HeaderMap, now: Timestamp) -> Duration {
    match retry_after(headers, now) {
        Some(time) if time <= MAX_RESET => time.max(Duration::from_secs(1)),
        // A longer one would close a token for hours, by mistake.
        Some(_) => MAX_RESET,
        None => DEFAULT_RESET,
    }
}

/// Returns the cause if the body of a response names it, and the response with that body.
pub(super) async fn read_cause(
    response: Response<ResponseBody>,
) -> (Option<RateLimitCause>, Response<ResponseBody>) {
    let (head, mut body) = response.into_parts();
    let mut read = Vec::new();
    let reading = async {
        while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
            match frame.map(Frame::into_data) {
                Ok(Ok(chunk)) => read.extend_from_slice(&chunk),
                Ok(Err(_trailers)) => {}
                // The client has to see that the body is incomplete.
                Err(error) => return Some(error),
            }
            if read.len() > MAX_BODY {
                break;
            }
        }
        None
    };
    let error = timeout(BODY_TIMEOUT, reading).await.ok().flatten();
    let cause = named_cause(&read);
    (cause, Response::from_parts(head, body.with_prefix(Bytes::from(read), error)))
}

/// Reads `limit.key`, which the vendor's type for errors has, and its responses seldom.
fn named_cause(body: &[u8]) -> Option<RateLimitCause> {
    let json: Value = serde_json::from_slice(body).ok()?;
    let key = json.get("limit")?.get("key")?.as_str()?;
    let is_of_token = key.ends_with("token.rate.per.minute");
    Some(if is_of_token { RateLimitCause::Token } else { RateLimitCause::Shared })
}

pub(super) fn rate_limited(opening: Duration) -> Response<ResponseBody> {
    let seconds = whole_seconds(opening);
    let message = format!(
        "gc-token: every token is at the API's rate limit. Retry the request in [{seconds}] seconds"
    );
    let code = "too.many.requests.retry.after";
    let body = json!({ "message": message, "code": code, "status": 429 });
    with_reset(json_response(StatusCode::TOO_MANY_REQUESTS, &body), opening)
}

/// Replaces the time after which the client may send the request again.
pub(super) fn with_reset(
    mut response: Response<ResponseBody>,
    opening: Duration,
) -> Response<ResponseBody> {
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(whole_seconds(opening)));
    response
}

fn whole_seconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reset(text: &str) -> u64 {
        let value = HeaderValue::from_str(text).unwrap();
        let now = "2026-03-01T12:00:00Z".parse().unwrap();
        reset_time(&HeaderMap::from_iter([(RETRY_AFTER, value)]), now).as_secs()
    }

    #[test]
    fn a_reset_is_in_seconds_or_at_a_date_and_never_absurd() {
        for (text, expected) in [
            ("42", 42),
            ("0", 1),
            ("60", 60),
            ("61", 60),
            ("99999999999999999999999", 60),
            ("Sun, 01 Mar 2026 12:00:20 GMT", 20),
            ("Sun, 01 Mar 2026 11:00:00 GMT", 1),
            ("Mon, 01 Mar 2027 12:00:00 GMT", 60),
            ("soon", 30),
            ("-5", 30),
            ("", 30),
        ] {
            assert_eq!(reset(text), expected, "{text:?}");
        }
        assert_eq!(reset_time(&HeaderMap::new(), Timestamp::UNIX_EPOCH), DEFAULT_RESET);
    }

    #[test]
    fn the_cause_is_known_only_if_the_body_names_a_limit() {
        for (body, expected) in [
            (
                r#"{"limit":{"key":"client.credentials.token.rate.per.minute","value":300}}"#,
                Some(RateLimitCause::Token),
            ),
            (r#"{"limit":{"key":"token.rate.per.minute"}}"#, Some(RateLimitCause::Token)),
            (r#"{"limit":{"key":"org.app.user.rate.per.minute"}}"#, Some(RateLimitCause::Shared)),
            (r#"{"limit":{"namespace":"x"}}"#, None),
            (r#"{"limit":"token.rate.per.minute"}"#, None),
            (r#"{"message":"Rate limit exceeded"}"#, None),
            ("<html>", None),
            ("", None),
        ] {
            assert_eq!(named_cause(body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn a_refused_request_may_come_again_when_a_token_opens() {
        let response = rate_limited(Duration::from_millis(1_200));
        assert_eq!(response.headers()[RETRY_AFTER], "2");
        assert_eq!(rate_limited(Duration::ZERO).headers()[RETRY_AFTER], "1");
    }
}
