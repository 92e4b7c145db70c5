//! Errors and warnings, as Terraform shows them.

pub use super::proto::Diagnostic;
use super::proto::{AttributePath, AttributePathSelector, AttributePathStep, DiagnosticSeverity};
use crate::error::Error;
use crate::sanitize;

/// Everybody who sees Terraform's output sees these texts: they never hold a secret, and
/// every constructor sanitizes them.
impl Diagnostic {
    /// `summary` is one line; `detail` may have several.
    pub fn error(summary: impl AsRef<str>, detail: impl AsRef<str>) -> Diagnostic {
        Diagnostic::new(DiagnosticSeverity::Error, summary.as_ref(), detail.as_ref())
    }

    pub fn warning(summary: impl AsRef<str>, detail: impl AsRef<str>) -> Diagnostic {
        Diagnostic::new(DiagnosticSeverity::Warning, summary.as_ref(), detail.as_ref())
    }

    fn new(severity: DiagnosticSeverity, summary: &str, detail: &str) -> Diagnostic {
        Diagnostic {
            severity: severity.into(),
            summary: sanitize::line(summary).into_owned(),
            detail: sanitize::lines(detail).into_owned(),
            attribute: None,
        }
    }

    /// Has Terraform show the line of this attribute.
    pub fn with_attribute(mut self, attribute: impl Into<String>) -> Diagnostic {
        let selector = AttributePathSelector::AttributeName(attribute.into());
        let step = AttributePathStep { selector: Some(selector) };
        self.attribute = Some(AttributePath { steps: vec![step] });
        self
    }

    pub fn into_warning(mut self) -> Diagnostic {
        self.severity = DiagnosticSeverity::Warning.into();
        self
    }
}

impl From<Error> for Diagnostic {
    /// Makes the message the summary; cause, settings and hint become the detail.
    fn from(error: Error) -> Diagnostic {
        let settings = error.settings.map(|settings| format!("Settings: {settings}"));
        let texts = [error.cause, settings, error.hint.map(String::from)].into_iter().flatten();
        let paragraphs: Vec<_> = texts.map(|text| sanitize::line(&text).into_owned()).collect();
        let diagnostic = Diagnostic::error(error.message, paragraphs.join("\n\n"));
        match error.attribute {
            Some(attribute) => diagnostic.with_attribute(attribute),
            None => diagnostic,
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
        let shown = Diagnostic::from(error);
        assert_eq!(shown.summary, "a # #vso[task.x]b");
        assert_eq!(shown.detail, "c ::error::");
        let warning = Diagnostic::warning("w", "one\n::error::two ##[x]");
        assert_eq!(warning.detail, "one\n: :error::two # #[x]");
    }
}
