//! A finding of `doctor`.

use serde::Serialize;

use crate::error::{Error, Kind};

/// Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub topic: Topic,
    pub level: FindingLevel,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Set for failures; decides the exit code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
}

/// Sections of the report, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Topic {
    Settings,
    Network,
    Issuer,
    Api,
    Clocks,
    Cache,
    Token,
    Verdict,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingLevel {
    Ok,
    Note,
    /// Can make a pipeline fail, now or later.
    Warning,
    /// Makes a pipeline fail.
    Failure,
}

impl Finding {
    pub fn ok(topic: Topic, message: impl Into<String>) -> Finding {
        Finding::new(topic, FindingLevel::Ok, message)
    }

    pub fn note(topic: Topic, message: impl Into<String>) -> Finding {
        Finding::new(topic, FindingLevel::Note, message)
    }

    pub fn warning(topic: Topic, message: impl Into<String>) -> Finding {
        Finding::new(topic, FindingLevel::Warning, message)
    }

    pub fn as_warning(topic: Topic, error: &Error) -> Finding {
        let hint = error.hint.clone().map(String::from);
        Finding { hint, ..Finding::warning(topic, error.one_line()) }
    }

    pub fn failure(topic: Topic, error: &Error) -> Finding {
        let warning = Finding::as_warning(topic, error);
        Finding { level: FindingLevel::Failure, kind: Some(error.kind), ..warning }
    }

    pub fn with_hint(mut self, hint: impl Into<String>) -> Finding {
        self.hint = Some(hint.into());
        self
    }

    pub fn error(&self) -> Option<Error> {
        let error = Error::new(self.kind?, self.message.clone());
        Some(Error { hint: self.hint.clone().map(Into::into), ..error })
    }

    fn new(topic: Topic, level: FindingLevel, message: impl Into<String>) -> Finding {
        Finding { topic, level, message: message.into(), hint: None, kind: None }
    }
}
