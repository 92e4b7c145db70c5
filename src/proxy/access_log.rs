//! The access log: one line on standard error for each request.

use std::sync::Arc;
use std::time::Duration;

use hyper::{Method, Request, StatusCode};
use serde_json::json;

use crate::clock::Reading;
use crate::context::{Clock, Reporter};

pub struct AccessLog {
    /// `None` writes nothing.
    format: Option<LogFormat>,
    reporter: Arc<Reporter>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// A request under way. Holds neither headers nor the query, which may hold secrets.
pub(super) struct LogEntry {
    method: Method,
    path: String,
    pub(super) begun: Reading,
    pub(super) token_replaced: bool,
    pub(super) replayed: bool,
    /// Sent again with another token after a 429.
    pub(super) resent: bool,
    /// The time that the request waited for the rate limit.
    pub(super) waited: Duration,
}

impl AccessLog {
    pub fn new(format: Option<LogFormat>, reporter: Arc<Reporter>) -> AccessLog {
        AccessLog { format, reporter }
    }

    pub(super) fn begin<B>(&self, request: &Request<B>, clock: &dyn Clock) -> LogEntry {
        let path = self.format.map(|_| request.uri().path().to_owned());
        LogEntry {
            method: request.method().clone(),
            path: path.unwrap_or_default(),
            begun: clock.read(),
            token_replaced: false,
            replayed: false,
            resent: false,
            waited: Duration::ZERO,
        }
    }

    pub(super) fn write(&self, entry: &LogEntry, status: StatusCode, clock: &dyn Clock) {
        let Some(format) = self.format else {
            return;
        };
        let now = clock.read();
        let elapsed = entry.elapsed_until(&now);
        let LogEntry { method, path, token_replaced, replayed, resent, waited, .. } = entry;
        match format {
            LogFormat::Text => {
                let replayed = if *replayed { ", replayed" } else { "" };
                let resent = if *resent { ", resent" } else { "" };
                let waited = match waited.is_zero() {
                    true => String::new(),
                    false => format!(", waited {waited:.1?}"),
                };
                let status = status.as_u16();
                self.reporter.log_line(format_args!(
                    "{method} {path} {status} in {elapsed:.1?}{waited}{resent}{replayed}"
                ));
            }
            LogFormat::Json => self.reporter.json(&json!({
                "time": now.wall.to_string(),
                "method": method.as_str(),
                "path": path,
                "status": status.as_u16(),
                "milliseconds": elapsed.as_micros() as f64 / 1_000.0,
                "token_replaced": token_replaced,
                "replayed": replayed,
                "resent": resent,
                "milliseconds_waited": waited.as_micros() as f64 / 1_000.0,
            })),
        }
    }

    pub(super) fn write_unreadable(
        &self,
        status: StatusCode,
        error: &hyper::Error,
        clock: &dyn Clock,
    ) {
        let status = status.as_u16();
        match self.format {
            None => {}
            Some(LogFormat::Text) => {
                self.reporter.log_line(format_args!("- - {status}, unreadable request: {error}"));
            }
            Some(LogFormat::Json) => self.reporter.json(&json!({
                "time": clock.read().wall.to_string(),
                "status": status,
                "error": error.to_string(),
            })),
        }
    }
}

impl LogEntry {
    pub(super) fn elapsed(&self, clock: &dyn Clock) -> Duration {
        self.elapsed_until(&clock.read())
    }

    fn elapsed_until(&self, now: &Reading) -> Duration {
        let time = now.boot.saturating_sub(self.begun.boot);
        time.try_into().unwrap_or_default()
    }
}
