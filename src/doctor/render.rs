//! The report for people, and for programs.

use serde_json::{Value, json};

use super::{Finding, Level, Report, Topic, timeline};
use crate::clock::Offset;
use crate::sanitize;

impl Report {
    /// For people, to be read and pasted. Ends with a newline.
    pub fn table(&self) -> String {
        let mut text = format!("gc-token doctor, {:.0}\n", self.at.wall);
        let mut topic = None;
        for finding in &self.findings {
            if topic != Some(finding.topic) {
                self.end(topic, &mut text);
                topic = Some(finding.topic);
                text += &format!("\n{}\n", title(finding.topic));
            }
            text += &lines(finding);
        }
        text
    }

    /// For programs. Offsets are in seconds, from the least to the most.
    pub fn json(&self) -> Value {
        let ends = |offset: &Offset| json!([offset.min.as_secs_f64(), offset.max.as_secs_f64()]);
        let clocks = self.clocks.iter();
        let clocks = clocks.map(|(name, offset)| (name.to_lowercase(), ends(offset)));
        let failure = self.failure();
        json!({
            "at": self.at.wall.to_string(),
            "ok": failure.is_none(),
            "exit_code": failure.map_or(0, |failure| failure.kind.exit_code()),
            "findings": self.findings,
            "clock_offsets": clocks.collect::<serde_json::Map<_, _>>(),
        })
    }

    /// What stands below a topic's findings.
    fn end(&self, topic: Option<Topic>, text: &mut String) {
        if topic == Some(Topic::Clocks) && !self.clocks.is_empty() {
            for line in timeline::draw(&self.clocks) {
                *text += &format!("{INDENT}{line}\n");
            }
        }
    }
}

const INDENT: &str = "           ";

fn lines(finding: &Finding) -> String {
    let level = match finding.level {
        Level::Ok => "ok",
        Level::Note => "note",
        Level::Warning => "warning",
        Level::Failure => "FAILURE",
    };
    let hint = finding.hint.as_ref();
    let hint = hint.map(|hint| format!("{INDENT}hint: {}\n", sanitize::line(hint)));
    let what = sanitize::line(&finding.message);
    format!("  {level:<9}{what}\n{}", hint.unwrap_or_default())
}

fn title(topic: Topic) -> &'static str {
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
