//! What comes of all findings.

use super::{Finding, Level, Topic};

/// The report's last word.
pub(super) fn of(findings: &[Finding]) -> Finding {
    let warnings = findings.iter().filter(|finding| finding.level == Level::Warning).count();
    let failure = findings.iter().find(|finding| finding.kind.is_some());
    match failure.and_then(|failure| Some((failure, failure.kind?))) {
        Some((failure, kind)) => Finding {
            level: Level::Failure,
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
            let plural = if warnings == 1 { "" } else { "s" };
            let is_warned_of = |finding: &Finding| {
                finding.topic == Topic::Token && finding.level == Level::Warning
            };
            let would = match findings.iter().any(is_warned_of) {
                true => "get a token",
                false => "succeed",
            };
            let what = format!("a pipeline would {would}, with {warnings} warning{plural}");
            Finding::note(Topic::Verdict, what)
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
        assert_eq!(of(std::slice::from_ref(&fine)).level, Level::Ok);
        let warned = of(&[fine.clone(), Finding::warning(Topic::Clocks, "late")]);
        assert_eq!(warned.level, Level::Note);
        assert_eq!(warned.message, "a pipeline would succeed, with 1 warning");
        let unsure = of(&[fine.clone(), Finding::warning(Topic::Token, "no verdict")]);
        assert_eq!(unsure.message, "a pipeline would get a token, with 1 warning");
        let failures = [Kind::Unavailable, Kind::ApiRefused];
        let failures = failures.map(|kind| Finding::failure(Topic::Token, &Error::new(kind, "x")));
        let failed = of(&[fine, failures[0].clone(), failures[1].clone()]);
        assert_eq!((failed.level, failed.kind), (Level::Failure, Some(Kind::Unavailable)));
        assert_eq!(failed.message, "a pipeline would fail with exit code 5: x");
    }
}
