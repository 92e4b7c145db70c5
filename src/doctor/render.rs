//! Renders the report as text and as JSON.

use serde_json::{Value, json};

use super::{DoctorReport, Finding, FindingLevel, Topic, timeline};
use crate::clock::Offset;
use crate::sanitize;

impl DoctorReport {
    pub fn to_text(&self) -> String {
        let mut text = format!("gc-token doctor, {:.0}\n", self.at.wall);
        let mut topic = None;
        for finding in &self.findings {
            if topic != Some(finding.topic) {
                self.draw_clocks_after(topic, &mut text);
                topic = Some(finding.topic);
                text += &format!("\n{}\n", topic_title(finding.topic));
            }
            text += &render_finding(finding);
        }
        text
    }

    /// Clock offsets are `[minimum, maximum]` in seconds.
    pub fn to_json(&self) -> Value {
        let bounds = |offset: &Offset| json!([offset.min.as_secs_f64(), offset.max.as_secs_f64()]);
        let named = |(name, offset): &(&str, Offset)| (name.to_lowercase(), bounds(offset));
        let clock_offsets: serde_json::Map<_, _> = self.clocks.iter().map(named).collect();
        let failure = self.first_failure();
        json!({
            "at": self.at.wall.to_string(),
            "ok": failure.is_none(),
            "exit_code": failure.map_or(0, |failure| failure.kind.exit_code()),
            "findings": self.findings,
            "clock_offsets": clock_offsets,
        })
    }

    fn draw_clocks_after(&self, topic: Option<Topic>, text: &mut String) {
        if topic == Some(Topic::Clocks) && !self.clocks.is_empty() {
            for line in timeline::draw(&self.clocks) {
                *text += &format!("{INDENT}{line}\n");
            }
        }
    }
}

const INDENT: &str = "           ";

fn render_finding(finding: &Finding) -> String {
    let level = match finding.level {
        FindingLevel::Ok => "ok",
        FindingLevel::Note => "note",
        FindingLevel::Warning => "warning",
        FindingLevel::Failure => "FAILURE",
    };
    let hint = finding.hint.as_ref();
    let hint = hint.map(|hint| format!("{INDENT}hint: {}\n", sanitize::line(hint)));
    let message = sanitize::line(&finding.message);
    format!("  {level:<9}{message}\n{}", hint.unwrap_or_default())
}

fn topic_title(topic: Topic) -> &'static str {
    match topic {
        Topic::Settings => "Settings",
        Topic::Network => "Network",
        Topic::Issuer => "Issuer",
        Topic::Api => "API",
        Topic::Clocks => "Clocks",
        Topic::Cache => "Cache",
        Topic::Token => "Token",
        Topic::Verdict => "Verdict",
    }
}
