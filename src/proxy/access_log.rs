//! A line for each request, for those who want to see.

use std::sync::Arc;
use std::time::Duration;

use hyper::{Method, Request, StatusCode};
use serde_json::json;

use crate::clock::Reading;
use crate::context::{Clock, Reporter};

/// Where lines go, and how they look.
pub struct AccessLog {
    /// `None` writes nothing.
    format: Option<LogFormat>,
    reporter: Arc<Reporter>,
}

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// A JSON object.
    Json,
}

/// What is told of a request. The path without its query, which may hold
/// anything; no header.
pub(super) struct RequestLog {
    method: Method,
    /// Of no use without a log.
    path: String,
    pub(super) begun: Reading,
    pub(super) swapped: bool,
    pub(super) replayed: bool,
}

impl AccessLog {
    /// A log to standard error.
    pub fn new(format: Option<LogFormat>, reporter: Arc<Reporter>) -> AccessLog {
        AccessLog { format, reporter }
    }

    /// The line of a request that begins now.
    pub(super) fn begin<B>(&self, request: &Request<B>, clock: &dyn Clock) -> RequestLog {
        let path = self.format.map(|_| request.uri().path().to_owned());
        RequestLog {
            method: request.method().clone(),
            path: path.unwrap_or_default(),
            begun: clock.read(),
            swapped: false,
            replayed: false,
        }
    }

    pub(super) fn write(&self, line: &RequestLog, status: StatusCode, clock: &dyn Clock) {
        let Some(format) = self.format else {
            return;
        };
        let now = clock.read();
        let took = line.took(&now);
        let RequestLog { method, path, swapped, replayed, .. } = line;
        match format {
            LogFormat::Text => {
                let replayed = if *replayed { ", replayed" } else { "" };
                let status = status.as_u16();
                self.reporter
                    .line(format_args!("{method} {path} {status} in {took:.1?}{replayed}"));
            }
            LogFormat::Json => self.reporter.json(&json!({
                "time": now.wall.to_string(),
                "method": method.as_str(),
                "path": path,
                "status": status.as_u16(),
                "milliseconds": took.as_micros() as f64 / 1_000.0,
                "swapped": swapped,
                "replayed": replayed,
            })),
        }
    }

    /// The line of what cannot be read, and has neither method nor path.
    pub(super) fn unreadable(&self, status: StatusCode, why: &hyper::Error, clock: &dyn Clock) {
        let status = status.as_u16();
        match self.format {
            None => {}
            Some(LogFormat::Text) => {
                self.reporter.line(format_args!("- - {status}, the request cannot be read: {why}"));
            }
            Some(LogFormat::Json) => self.reporter.json(&json!({
                "time": clock.read().wall.to_string(),
                "status": status,
                "error": why.to_string(),
            })),
        }
    }
}

impl RequestLog {
    fn took(&self, now: &Reading) -> Duration {
        let time = now.boot.saturating_sub(self.begun.boot);
        time.try_into().unwrap_or_default()
    }

    /// How long the answer took to begin.
    pub(super) fn upstream_time(&self, clock: &dyn Clock) -> Duration {
        self.took(&clock.read())
    }
}
