//! A report of `doctor --json`, and what a test looks for in it.

use serde_json::Value;

use crate::common::process::Finished;
use crate::common::runner::Runner;

/// The findings of `doctor --json`.
#[derive(Debug)]
pub(crate) struct Report {
    json: Value,
    pub(crate) finished: Finished,
}

impl Report {
    /// Runs `doctor --json` to its end. Its exit code and what it says of that
    /// code agree, and so do its failure and what stands on standard error.
    pub(crate) fn of(runner: &Runner, args: &[&str]) -> Report {
        let args: Vec<_> = ["doctor", "--json"].iter().chain(args).copied().collect();
        let finished = runner.run(&args);
        let json: Value = serde_json::from_str(&finished.stdout).expect("it is JSON");
        let code = finished.status.code();
        assert_eq!(json["exit_code"], code.unwrap(), "{finished:#?}");
        assert_eq!(json["ok"], code == Some(0), "{finished:#?}");
        Report { json, finished }
    }

    /// The exit code.
    #[track_caller]
    pub(crate) fn exits_with(&self, code: i32) -> &Report {
        assert_eq!(self.finished.status.code(), Some(code), "{self:#?}");
        self
    }

    /// There is a finding of this topic and level that says `text`, in its
    /// hint if need be.
    #[track_caller]
    pub(crate) fn says(&self, topic: &str, level: &str, text: &str) -> &Report {
        let found = self.findings().iter().any(|finding| {
            let says = |part| text_of(finding, part).contains(text);
            finding["topic"] == topic
                && finding["level"] == level
                && (says("message") || says("hint"))
        });
        assert!(found, "no {level} about {topic} says {text:?}: {self:#?}");
        self
    }

    /// Asserts that no finding contains `text`.
    #[track_caller]
    pub(crate) fn does_not_say(&self, text: &str) -> &Report {
        let found =
            self.findings().iter().any(|finding| text_of(finding, "message").contains(text));
        assert!(!found, "something says {text:?}: {self:#?}");
        self
    }

    /// No finding is worse than a note.
    #[track_caller]
    pub(crate) fn is_clean(&self) -> &Report {
        let bad = |finding: &&Value| finding["level"] == "warning" || finding["level"] == "failure";
        assert_eq!(self.findings().iter().find(bad), None, "{self:#?}");
        self
    }

    pub(crate) fn warnings(&self) -> usize {
        let findings = self.findings().iter();
        findings.filter(|finding| finding["level"] == "warning").count()
    }

    pub(crate) fn findings(&self) -> &Vec<Value> {
        self.json["findings"].as_array().unwrap()
    }

    /// The least and the most that this clock is ahead of the machine's, in
    /// seconds.
    pub(crate) fn clock(&self, name: &str) -> (f64, f64) {
        let ends = &self.json["clock_offsets"][name];
        (ends[0].as_f64().unwrap(), ends[1].as_f64().unwrap())
    }
}

/// A text of a finding, empty where there is none.
pub(crate) fn text_of<'a>(finding: &'a Value, part: &str) -> &'a str {
    finding[part].as_str().unwrap_or_default()
}
