//! The report as a web page in one file, for a ticket. Nothing in it is secret, and nothing
//! of it comes from another place.

use maud::{Markup, html};

use super::render::{level_name, topic_title};
use super::{DoctorReport, Finding, FindingLevel, Topic};
use crate::sanitize;
use crate::web;

impl DoctorReport {
    pub fn to_html(&self) -> String {
        let policy = format!(
            "default-src 'none'; style-src {}; img-src data:; base-uri 'none'; form-action 'none'",
            web::style_source()
        );
        let (level, sentence) = self.verdict();
        let sentence = in_upper_case(&sanitize::line(&sentence));
        let problems = self.problems();
        let body = html! {
            main {
                header class=(class_of_verdict(level)) {
                    h1 {
                        span.mark aria-hidden="true" { (mark(level)) } " " (sentence)
                    }
                    p.muted {
                        (super::machine::description()) ", "
                        time datetime=(self.at.wall) { (format!("{:.0}", self.at.wall)) }
                    }
                }
                @if !problems.is_empty() {
                    section aria-labelledby="problems" {
                        h2 #problems { (title_of_problems(problems[0])) }
                        ul.findings {
                            @for finding in problems { (problem(finding)) }
                        }
                    }
                }
                @if let Some(chart) = self.clock_chart() { (chart.section()) }
                @for topic in TOPICS { (self.topic_section(topic)) }
                section {
                    p.muted {
                        "Written by gc-token doctor --html. The client secret and the access token \
                         are not on this page."
                    }
                }
            }
        };
        web::document(&format!("{sentence} · gc-token doctor"), Some(&policy), &body)
    }

    fn topic_section(&self, topic: Topic) -> Markup {
        let findings = self.distinct_findings();
        let good: Vec<_> = findings
            .into_iter()
            .filter(|finding| finding.topic == topic && finding.level == FindingLevel::Ok)
            .collect();
        let name = topic_title(topic);
        html! {
            @if !good.is_empty() {
                section aria-labelledby=(format!("topic-{name}")) {
                    h2 id=(format!("topic-{name}")) { (name) }
                    ul.findings {
                        @for finding in good { li { (sanitize::line(&finding.message)) } }
                    }
                }
            }
        }
    }
}

const TOPICS: [Topic; 8] = [
    Topic::Settings,
    Topic::Network,
    Topic::Issuer,
    Topic::Api,
    Topic::Clocks,
    Topic::Cache,
    Topic::Store,
    Topic::Token,
];

fn problem(finding: &Finding) -> Markup {
    let level = level_name(finding.level).to_lowercase();
    html! {
        li class=(level) {
            b { (in_upper_case(&level)) ": " (topic_title(finding.topic)) }
            (sanitize::line(&finding.message))
            @if let Some(hint) = &finding.hint {
                small { "Hint: " (sanitize::line(hint)) }
            }
        }
    }
}

fn title_of_problems(worst: &Finding) -> &'static str {
    if worst.level == FindingLevel::Note { "To note" } else { "Not in order" }
}

fn class_of_verdict(level: FindingLevel) -> &'static str {
    match level {
        FindingLevel::Ok => "good",
        FindingLevel::Note | FindingLevel::Warning => "attention",
        FindingLevel::Failure => "bad",
    }
}

fn mark(level: FindingLevel) -> &'static str {
    match level {
        FindingLevel::Ok => "✓",
        FindingLevel::Note | FindingLevel::Warning => "▲",
        FindingLevel::Failure => "✕",
    }
}

fn in_upper_case(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + chars.as_str()
}
