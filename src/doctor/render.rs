//! The report as JSON, and what its forms for people share.

use serde_json::{Value, json};

use super::{DoctorReport, Finding, FindingLevel, Topic};
use crate::clock::Offset;
use crate::clock_chart::ClockChart;

impl DoctorReport {
    /// Clock offsets are `[minimum, maximum]` in seconds.
    pub fn to_json(&self) -> Value {
        let bounds = |offset: &Offset| json!([offset.min.as_secs_f64(), offset.max.as_secs_f64()]);
        let named = |(name, offset): &(&str, Offset)| (name.to_lowercase(), bounds(offset));
        let clock_offsets: serde_json::Map<_, _> = self.clocks.iter().map(named).collect();
        json!({
            "at": self.at.wall.to_string(),
            "ok": self.exit_code() == 0,
            "exit_code": self.exit_code(),
            "findings": self.findings,
            "clock_offsets": clock_offsets,
        })
    }

    pub fn exit_code(&self) -> u8 {
        self.first_failure().map_or(0, |failure| failure.kind.exit_code())
    }

    /// Returns the level of the verdict, and the sentence; the fault itself is told below.
    pub(super) fn verdict(&self) -> (FindingLevel, String) {
        let verdict = self.findings.iter().find(|finding| finding.topic == Topic::Verdict);
        match verdict {
            Some(Finding { kind: Some(kind), level, .. }) => {
                (*level, format!("a pipeline would fail with exit code {}", kind.exit_code()))
            }
            Some(verdict) => (verdict.level, verdict.message.clone()),
            None => (FindingLevel::Note, "nothing was examined".to_owned()),
        }
    }

    /// Returns all findings but the verdict, each fault once.
    pub(super) fn distinct_findings(&self) -> Vec<&Finding> {
        let is_told =
            |finding: &Finding| self.findings.iter().any(|other| finding.is_told_by(other));
        let findings = self.findings.iter().filter(|finding| finding.topic != Topic::Verdict);
        findings.filter(|finding| !is_told(finding)).collect()
    }

    /// Returns what is not in order, the worst first.
    pub(super) fn problems(&self) -> Vec<&Finding> {
        let mut problems = self.distinct_findings();
        problems.retain(|finding| finding.level != FindingLevel::Ok);
        problems.sort_by_key(|finding| std::cmp::Reverse(finding.level));
        problems
    }

    pub(super) fn clock_chart(&self) -> Option<ClockChart> {
        let offset =
            |name| self.clocks.iter().find(|(clock, _)| *clock == name).map(|clock| clock.1);
        let (issuer, api) = (offset("issuer"), offset("API"));
        let lead = issuer.zip(api).map(|(issuer, api)| api.max.saturating_sub(issuer.min));
        (issuer.is_some() || api.is_some()).then(|| ClockChart {
            at: self.at.wall,
            issuer,
            api,
            skew: self.skew,
            effective_skew: lead.map_or(self.skew, |lead| lead.max(self.skew)),
        })
    }
}

pub(super) fn topic_title(topic: Topic) -> &'static str {
    match topic {
        Topic::Settings => "Settings",
        Topic::Network => "Network",
        Topic::Issuer => "Issuer",
        Topic::Api => "API",
        Topic::Clocks => "Clocks",
        Topic::Cache => "Cache",
        Topic::Store => "Store",
        Topic::Token => "Token",
        Topic::Verdict => "Verdict",
    }
}

pub(super) fn level_name(level: FindingLevel) -> &'static str {
    match level {
        FindingLevel::Ok => "ok",
        FindingLevel::Note => "note",
        FindingLevel::Warning => "warning",
        FindingLevel::Failure => "FAILURE",
    }
}
