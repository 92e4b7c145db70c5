//! Warnings and details: to standard error, or collected for somebody else to
//! show.

use std::collections::HashSet;
use std::fmt;
use std::io::Write;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use crate::platform::write_from_background;
use crate::sanitize;

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Said always.
    Warning,
    /// Said with `-v`: decisions and their reasons.
    Info,
    /// Said with `-vv`: each step.
    Debug,
}

/// Where warnings and details go. Never told a secret.
pub struct Reporter {
    verbosity: AtomicU8,
    sink: Sink,
    /// The warnings so far, for those who repeat none.
    warned: Mutex<HashSet<String>>,
}

enum Sink {
    Lines(Mutex<Box<dyn Write + Send>>),
    Collected(Warnings),
    Sparing(Arc<Reporter>),
}

/// Warnings that were collected.
#[derive(Clone, Default)]
pub struct Warnings(Arc<Mutex<Vec<String>>>);

impl Warnings {
    /// Those since the last call.
    pub fn take(&self) -> Vec<String> {
        self.0.lock().map(|mut warnings| std::mem::take(&mut *warnings)).unwrap_or_default()
    }
}

/// Warnings that are kept in mind.
const REMEMBERED: usize = 100;

impl Reporter {
    /// Talks to the process's standard error, warnings only.
    pub fn stderr() -> Reporter {
        Reporter::to(Box::new(std::io::stderr()))
    }

    /// Talks to `sink`, warnings only.
    pub fn to(sink: Box<dyn Write + Send>) -> Reporter {
        Reporter::new(0, Sink::Lines(Mutex::new(sink)))
    }

    /// Collects warnings, for somebody who shows them in a way of their own.
    pub fn collected() -> (Reporter, Warnings) {
        let warnings = Warnings::default();
        let sink = Sink::Collected(warnings.clone());
        (Reporter::new(0, sink), warnings)
    }

    /// Talks as `talk` does, but repeats no warning that `talk` has said: for
    /// what goes on for long, and would find the same thing again and again.
    pub fn sparing(reporter: Arc<Reporter>) -> Reporter {
        Reporter::new(reporter.verbosity.load(Ordering::Relaxed), Sink::Sparing(reporter))
    }

    fn new(verbosity: u8, sink: Sink) -> Reporter {
        Reporter { verbosity: AtomicU8::new(verbosity), sink, warned: Mutex::default() }
    }

    /// 0 says warnings, 1 (`-v`) decisions, 2 (`-vv`) each step.
    pub fn set_verbosity(&self, verbosity: u8) {
        self.verbosity.store(verbosity, Ordering::Relaxed);
    }

    /// Whether a line of this level is said.
    pub fn says(&self, level: Level) -> bool {
        level as u8 <= self.verbosity.load(Ordering::Relaxed)
    }

    /// Says something that the user should mend or know.
    pub fn warn(&self, message: impl fmt::Display) {
        self.say(Level::Warning, message);
    }

    /// Says something that the user should mend or know, unless it was said already.
    pub fn warn_once(&self, message: impl fmt::Display) {
        let message = message.to_string();
        if !self.has_warned(&message) {
            self.warn(message);
        }
    }

    /// Says something that was asked for, whatever the verbosity.
    pub fn note(&self, message: impl fmt::Display) {
        self.line("", &message);
    }

    /// Writes a line for programs.
    pub fn record(&self, json: &serde_json::Value) {
        self.write(format!("{}\n", sanitize::json(json)));
    }

    /// Says why the command failed.
    pub fn error(&self, error: impl fmt::Display) {
        self.line("", &error);
    }

    /// Says something, if it is to be said at this level.
    pub fn say(&self, level: Level, message: impl fmt::Display) {
        if !self.says(level) {
            return;
        }
        let mark = if level == Level::Warning { "warning: " } else { "" };
        self.line(mark, &message);
    }

    /// A line that cannot be written is lost: there is nowhere left to say so.
    fn line(&self, mark: &str, message: &dyn fmt::Display) {
        // A message may quote anything: names, values, the words of a server.
        let message = sanitize::lines(&message.to_string()).into_owned();
        if let Sink::Sparing(reporter) = &self.sink {
            if mark.is_empty() || !reporter.has_warned(&message) {
                reporter.line(mark, &message);
            }
            return;
        }
        if let Sink::Collected(warnings) = &self.sink
            && let Ok(mut warnings) = warnings.0.lock()
        {
            warnings.push(message.clone());
        }
        self.write(format!("gc-token: {mark}{message}\n"));
        if !mark.is_empty() {
            self.remember(message);
        }
    }

    fn has_warned(&self, message: &str) -> bool {
        self.warned.lock().is_ok_and(|warned| warned.contains(message))
    }

    fn remember(&self, message: String) {
        if let Ok(mut warned) = self.warned.lock() {
            // Those with a number in them are new each time.
            if warned.len() >= REMEMBERED {
                warned.clear();
            }
            warned.insert(message);
        }
    }

    fn write(&self, line: String) {
        if let Sink::Lines(sink) = &self.sink
            && let Ok(mut sink) = sink.lock()
        {
            // One write, so that lines of several processes do not mix. To a
            // terminal that belongs to the command that is served, it would stop
            // this process where `stty tostop` is set.
            let _ = write_from_background(|| sink.write_all(line.as_bytes()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn whatever_is_said_steers_neither_terminal_nor_ci() {
        let written = Written::default();
        let reporter = Reporter::to(Box::new(written.clone()));
        let (collected, warnings) = Reporter::collected();
        let hostile = "a ##vso[task.x]b\n::error::c\u{9b}31m\u{202e}\r\n##[error]d";
        for reporter in [&reporter, &collected] {
            reporter.warn(hostile);
        }
        reporter.note(hostile);
        reporter.error(hostile);
        reporter.record(&serde_json::json!({ "path": hostile }));
        let shown = "a # #vso[task.x]b\n: :error::c\n# #[error]d";
        assert_eq!(warnings.take(), [shown]);
        let written = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert_eq!(
            written,
            format!(
                "gc-token: warning: {shown}\ngc-token: {shown}\ngc-token: {shown}\n{}\n",
                r##"{"path":"a #\u0023vso[task.x]b\n::error::c\u009b31m\u202e\r\n#\u0023[error]d"}"##
            )
        );
    }

    #[test]
    fn a_sparing_talk_repeats_no_warning() {
        let (all, warnings) = Reporter::collected();
        let all = Arc::new(all);
        all.warn("before");
        let reporter = Reporter::sparing(all.clone());
        for message in ["one", "before", "two", "one"] {
            reporter.warn(message);
        }
        assert_eq!(warnings.take(), ["before", "one", "two"]);
        all.warn("one");
        assert_eq!(warnings.take(), ["one"]);
        reporter.note("said each time");
        reporter.note("said each time");
        assert_eq!(warnings.take().len(), 2);
    }
}
