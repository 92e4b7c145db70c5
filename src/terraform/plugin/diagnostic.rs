//! What a provider has to say to the user: errors and warnings, as Terraform
//! shows them.

use super::proto;
use crate::error::Error;
use crate::sanitize;

/// An error or a warning. Its texts are shown to everyone who sees Terraform's
/// output, so they never hold a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether the operation failed.
    pub severity: Severity,
    /// What happened, in one line.
    pub summary: String,
    /// Why, and what to do about it; may have several lines.
    pub detail: String,
    /// The attribute at fault: Terraform then shows its line.
    pub attribute: Option<String>,
}

/// How bad a [`Diagnostic`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The operation failed.
    Error,
    /// It did not, but the user should know.
    Warning,
}

impl Diagnostic {
    /// A failure.
    pub fn error(summary: impl Into<String>, detail: impl Into<String>) -> Diagnostic {
        Diagnostic {
            severity: Severity::Error,
            summary: summary.into(),
            detail: detail.into(),
            attribute: None,
        }
    }

    /// Something that the user should mend or know.
    pub fn warning(summary: impl Into<String>, detail: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(summary, detail) }
    }

    /// Points at an attribute of the block in question.
    pub fn with_attribute(mut self, attribute: impl Into<String>) -> Diagnostic {
        self.attribute = Some(attribute.into());
        self
    }
}

impl From<Error> for Diagnostic {
    /// What failed becomes the summary; cause, settings and hint the detail.
    fn from(error: Error) -> Diagnostic {
        let settings = error.settings.map(|settings| format!("Settings: {settings}"));
        let texts = [error.cause, settings, error.hint.map(String::from)].into_iter().flatten();
        let paragraphs: Vec<_> = texts.map(|text| sanitize::line(&text).into_owned()).collect();
        let attribute = error.attribute.map(String::from);
        Diagnostic { attribute, ..Diagnostic::error(error.message, paragraphs.join("\n\n")) }
    }
}

impl From<Diagnostic> for proto::Diagnostic {
    fn from(diagnostic: Diagnostic) -> proto::Diagnostic {
        let severity = match diagnostic.severity {
            Severity::Error => proto::Severity::Error,
            Severity::Warning => proto::Severity::Warning,
        };
        let path = |name| proto::AttributePath {
            steps: vec![proto::Step { selector: Some(proto::Selector::AttributeName(name)) }],
        };
        proto::Diagnostic {
            severity: severity.into(),
            summary: sanitize::line(&diagnostic.summary).into_owned(),
            detail: sanitize::lines(&diagnostic.detail).into_owned(),
            attribute: diagnostic.attribute.map(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn an_error_becomes_summary_and_detail() {
        let error = Error::new(Kind::Configuration, "no client id")
            .with_cause("nothing sets it")
            .with_hint("set GENESYSCLOUD_OAUTHCLIENT_ID");
        assert_eq!(
            Diagnostic::from(error),
            Diagnostic::error("no client id", "nothing sets it\n\nset GENESYSCLOUD_OAUTHCLIENT_ID")
        );
    }

    #[test]
    fn terraform_gets_nothing_that_steers_a_log() {
        let error =
            Error::new(Kind::Configuration, "a\n##vso[task.x]b").with_cause("c\n::error::\u{9b}d");
        let shown = proto::Diagnostic::from(Diagnostic::from(error));
        assert_eq!(shown.summary, "a # #vso[task.x]b");
        assert_eq!(shown.detail, "c ::error::");
        let warning = Diagnostic::warning("w", "one\n::error::two ##[x]");
        assert_eq!(proto::Diagnostic::from(warning).detail, "one\n: :error::two # #[x]");
    }
}
