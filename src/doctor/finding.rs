//! One thing that was found.

use serde::Serialize;

use crate::error::{Error, Kind};

/// One thing that was found. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is about.
    pub topic: Topic,
    /// How much it matters.
    pub level: Level,
    /// What it is, in one line.
    pub what: String,
    /// What to do about it, in one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The kind of a failure: decides the exit code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
}

/// What a finding is about, in the report's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Topic {
    /// What was set, and where.
    Settings,
    /// Proxies and trusted certificates.
    Network,
    /// The way to the issuer.
    Issuer,
    /// The way to the API.
    Api,
    /// Who is ahead of whom.
    Clocks,
    /// Where tokens are kept.
    Cache,
    /// A token, got and shown to the API.
    Token,
    /// What comes of it.
    Verdict,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It is as it should be.
    Ok,
    /// It is good to know.
    Note,
    /// It may stop a pipeline, now or on another day.
    Warning,
    /// It stops a pipeline.
    Failure,
}

impl Finding {
    /// As it should be.
    pub fn ok(topic: Topic, what: impl Into<String>) -> Finding {
        Finding::new(topic, Level::Ok, what)
    }

    /// Good to know.
    pub fn note(topic: Topic, what: impl Into<String>) -> Finding {
        Finding::new(topic, Level::Note, what)
    }

    /// May stop a pipeline.
    pub fn warning(topic: Topic, what: impl Into<String>) -> Finding {
        Finding::new(topic, Level::Warning, what)
    }

    /// An error that a pipeline may outlive.
    pub fn trouble(topic: Topic, error: &Error) -> Finding {
        let hint = error.hint.clone().map(String::from);
        Finding { hint, ..Finding::warning(topic, error.one_line()) }
    }

    /// An error that stops a pipeline.
    pub fn failure(topic: Topic, error: &Error) -> Finding {
        Finding { level: Level::Failure, kind: Some(error.kind), ..Finding::trouble(topic, error) }
    }

    /// Adds what to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Finding {
        self.hint = Some(hint.into());
        self
    }

    /// A failure as an error.
    pub fn error(&self) -> Option<Error> {
        let error = Error::new(self.kind?, self.what.clone());
        Some(Error { hint: self.hint.clone().map(Into::into), ..error })
    }

    fn new(topic: Topic, level: Level, what: impl Into<String>) -> Finding {
        Finding { topic, level, what: what.into(), hint: None, kind: None }
    }
}
