//! The verdict on all findings.

use super::{Finding, FindingLevel, Topic};
use crate::text::counted;

pub(super) fn conclude(findings: &[Finding]) -> Finding {
    let warnings = findings.iter().filter(|finding| finding.level == FindingLevel::Warning).count();
    let failure = findings.iter().find(|finding| finding.kind.is_some());
    match failure.and_then(|failure| Some((failure, failure.kind?))) {
        Some((failure, kind)) => Finding {
            level: FindingLevel::Failure,
            kind: Some(kind),
            ..Finding::warning(
                Topic::Verdict,
                format!(
                    "a pipeline would fail with exit code {}: {}",
                    kind.exit_code(),
                    failure.message
                ),
            )
        },
        None if warnings > 0 => {
            let is_token_warning = |finding: &Finding| {
                finding.topic == Topic::Token && finding.level == FindingLevel::Warning
            };
            let has_token_warning = findings.iter().any(is_token_warning);
            let outcome = if has_token_warning { "get a token" } else { "succeed" };
            let warnings = counted(warnings, "warning");
            Finding::note(Topic::Verdict, format!("a pipeline would {outcome}, with {warnings}"))
        }
        None => Finding::ok(Topic::Verdict, "a pipeline would succeed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, Kind};

    #[test]
    fn the_first_failure_decides_and_warnings_do_not() {
        let fine = Finding::ok(Topic::Settings, "fine");
        assert_eq!(conclude(std::slice::from_ref(&fine)).level, FindingLevel::Ok);
        let warned = conclude(&[fine.clone(), Finding::warning(Topic::Clocks, "late")]);
        assert_eq!(warned.level, FindingLevel::Note);
        assert_eq!(warned.message, "a pipeline would succeed, with 1 warning");
        let unsure = conclude(&[fine.clone(), Finding::warning(Topic::Token, "no verdict")]);
        assert_eq!(unsure.message, "a pipeline would get a token, with 1 warning");
        let failures = [Kind::Unavailable, Kind::ApiRefused];
        let failures = failures.map(|kind| Finding::failure(Topic::Token, &Error::new(kind, "x")));
        let failed = conclude(&[fine, failures[0].clone(), failures[1].clone()]);
        assert_eq!((failed.level, failed.kind), (FindingLevel::Failure, Some(Kind::Unavailable)));
        assert_eq!(failed.message, "a pipeline would fail with exit code 5: x");
    }
}
