//! The report as text: the verdict, what is not in order, and the rest if it is wanted.

use super::render::{level_name, topic_title};
use super::{DoctorReport, Finding, FindingLevel, Topic};
use crate::context::{Emphasis, Screen};
use crate::sanitize;
use crate::text::counted;

const LEVEL_INDENT: usize = 11;
const TOPIC_INDENT: usize = LEVEL_INDENT + 10;

const CHART_COLUMNS: usize = 80;

impl DoctorReport {
    /// With `shows_all`, every finding in its section, else those that are not in order.
    pub fn to_text(&self, shows_all: bool, screen: Screen) -> String {
        let text = ReportText { report: self, screen };
        if shows_all {
            return text.headline() + &text.sections();
        }
        let clocks = text.clocks();
        let title = text.title("Clocks, relative to this machine's");
        let clocks = if clocks.is_empty() { clocks } else { title + &clocks };
        [text.headline(), text.problems(), clocks, text.footer()].concat()
    }
}

struct ReportText<'a> {
    report: &'a DoctorReport,
    screen: Screen,
}

impl ReportText<'_> {
    fn headline(&self) -> String {
        let (level, sentence) = self.report.verdict();
        let sentence = sanitize::line(&sentence);
        let sentence = self.screen.paint(Emphasis::Strong, sentence);
        let about = format!("{}, {:.0}", super::machine::description(), self.report.at.wall);
        let about = self.screen.paint(Emphasis::Muted, about);
        format!("{}: {sentence}\n{about}\n", self.level(level, 0))
    }

    fn problems(&self) -> String {
        let problems = self.report.problems();
        let lines = problems.iter().map(|finding| {
            let topic = topic_title(finding.topic);
            self.finding(finding, &format!("{topic:<10}"), TOPIC_INDENT)
        });
        let text: String = lines.collect();
        if text.is_empty() { text } else { format!("\n{text}") }
    }

    fn sections(&self) -> String {
        let mut text = String::new();
        let mut topic = None;
        for finding in self.report.distinct_findings() {
            if topic != Some(finding.topic) {
                text += &self.clocks_after(topic);
                topic = Some(finding.topic);
                text += &self.title(topic_title(finding.topic));
            }
            text += &self.finding(finding, "", LEVEL_INDENT);
        }
        text + &self.clocks_after(topic)
    }

    fn clocks_after(&self, topic: Option<Topic>) -> String {
        let chart = self.clocks();
        let is_shown = topic == Some(Topic::Clocks) && !chart.is_empty();
        if is_shown { format!("\n{chart}") } else { String::new() }
    }

    fn clocks(&self) -> String {
        if self.screen.columns.is_some_and(|columns| columns < CHART_COLUMNS) {
            return String::new();
        }
        let Some(chart) = self.report.clock_chart() else {
            return String::new();
        };
        let lines = chart.lines().into_iter().map(|line| format!("  {line}\n"));
        let lines = lines.map(|line| if line.trim().is_empty() { "\n".to_owned() } else { line });
        lines.collect()
    }

    fn footer(&self) -> String {
        let findings = self.report.distinct_findings();
        let good = findings.iter().filter(|finding| finding.level == FindingLevel::Ok).count();
        if good == 0 {
            return String::new();
        }
        let text = format!(
            "{} in order: -v shows them, --html FILE writes a page",
            counted(good, "more finding")
        );
        let text = self.screen.wrap(&text, 0);
        format!("\n{}\n", self.screen.paint(Emphasis::Muted, text))
    }

    fn title(&self, title: &str) -> String {
        format!("\n{}\n", self.screen.paint(Emphasis::Strong, title))
    }

    fn finding(&self, finding: &Finding, topic: &str, indent: usize) -> String {
        let wrapped = |text: &str| self.screen.wrap(text, indent);
        let message = wrapped(&sanitize::line(&finding.message));
        let level = self.level(finding.level, 9);
        let hint = finding.hint.as_ref().map(|hint| {
            let text = wrapped(&format!("hint: {}", sanitize::line(hint)));
            let label = self.screen.paint(Emphasis::Hint, "hint:");
            format!("{:indent$}{label}{}\n", "", &text["hint:".len()..])
        });
        format!("  {level}{topic}{message}\n{}", hint.unwrap_or_default())
    }

    fn level(&self, level: FindingLevel, width: usize) -> String {
        let emphasis = match level {
            FindingLevel::Ok => Emphasis::Good,
            FindingLevel::Note => Emphasis::Muted,
            FindingLevel::Warning => Emphasis::Warning,
            FindingLevel::Failure => Emphasis::Failure,
        };
        let name = level_name(level);
        format!(
            "{}{:width$}",
            self.screen.paint(emphasis, name),
            "",
            width = width.saturating_sub(name.len())
        )
    }
}
