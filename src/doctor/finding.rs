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
    /// The last part of the message, by which two findings about one fault are recognized.
    #[serde(skip)]
    pub cause: Option<String>,
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
    Store,
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
        Finding { hint, cause: error.cause.clone(), ..Finding::warning(topic, error.one_line()) }
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

    /// Returns whether `failure` tells the fault of this warning.
    pub(super) fn is_told_by(&self, failure: &Finding) -> bool {
        let (told, by) = (self.cause.as_deref(), failure.cause.as_deref());
        let is_same_cause = told.zip(by).is_some_and(|(told, by)| by.contains(told));
        self.level == FindingLevel::Warning
            && failure.level == FindingLevel::Failure
            && (is_same_cause || self.message == failure.message)
    }

    /// Returns whether `later`, a warning of a call, has the message and the cause of this warning.
    pub(super) fn is_repeated_by(&self, later: &Finding) -> bool {
        let is_warning = |finding: &Finding| finding.level == FindingLevel::Warning;
        let cause = self.cause.as_deref().unwrap_or_default();
        let message = self.message.strip_suffix(cause).unwrap_or(&self.message);
        let has = |part: &str| later.message.contains(part);
        is_warning(self) && is_warning(later) && has(message.trim_end_matches(": ")) && has(cause)
    }

    fn new(topic: Topic, level: FindingLevel, message: impl Into<String>) -> Finding {
        Finding { topic, level, message: message.into(), hint: None, cause: None, kind: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_with_the_cause_of_a_failure_is_told_by_that() {
        let error =
            |message: &str, cause: &str| Error::new(Kind::Unavailable, message).with_cause(cause);
        let failure = error("no token from host after 6 attempts", "refused; too late");
        let failure = Finding::failure(Topic::Token, &failure);
        let warning = |cause| Finding::as_warning(Topic::Issuer, &error("no response", cause));
        assert!(warning("refused").is_told_by(&failure));
        assert!(!warning("no such host").is_told_by(&failure));
        assert!(!failure.is_told_by(&failure));
        assert!(!Finding::warning(Topic::Token, "refused").is_told_by(&failure));
    }

    #[test]
    fn a_warning_of_a_call_repeats_one_with_its_message_and_cause() {
        let error = Error::new(Kind::Unavailable, "the store is away").with_cause("no route");
        let told = Finding::as_warning(Topic::Store, &error);
        let by = |message: &str| told.is_repeated_by(&Finding::warning(Topic::Token, message));
        assert!(by("minting alone, because the store is away (no route); wait"));
        assert!(!by("minting alone, because the store is away (no such host)"));
        assert!(!by("minting alone, because the cache is away (no route)"));
    }
}
