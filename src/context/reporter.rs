//! Warnings and details, on standard error or collected for a caller.

mod warnings;

use std::fmt;
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use super::progress::{self, Activity, ProgressLine, ProgressPause};
use super::{Emphasis, Environment, Screen};
use crate::platform::write_from_background;
use crate::sanitize;
use warnings::WarningSet;
pub use warnings::Warnings;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    Warning,
    /// Decisions and their reasons, shown with `-v`.
    Info,
    /// Each step, shown with `-vv`.
    Debug,
}

/// Writes warnings and details to standard error, or collects them. Never gets a secret.
pub struct Reporter {
    verbosity: AtomicU8,
    is_quiet: AtomicBool,
    sink: ReporterSink,
    written: WarningSet,
    /// Of the process whose standard error this is.
    env: Option<Environment>,
    screen: OnceLock<Screen>,
    progress: OnceLock<Option<ProgressLine>>,
}

enum ReporterSink {
    Lines(Mutex<Box<dyn Write + Send>>),
    Collected(Warnings),
    /// Collects warnings, and writes every message.
    Logged(Warnings, Arc<Reporter>),
    Deduplicated(Arc<Reporter>),
}

impl Reporter {
    pub fn stderr(env: Environment) -> Reporter {
        Reporter { env: Some(env), ..Reporter::to(Box::new(std::io::stderr())) }
    }

    pub fn to(sink: Box<dyn Write + Send>) -> Reporter {
        Reporter::new(0, ReporterSink::Lines(Mutex::new(sink)))
    }

    /// For a caller that shows warnings in its own way.
    pub fn collected() -> (Reporter, Warnings) {
        let warnings = Warnings::default();
        let sink = ReporterSink::Collected(warnings.clone());
        (Reporter::new(0, sink), warnings)
    }

    /// For a caller that shows warnings in its own way, but late: every message is also
    /// written to `log`.
    pub fn collected_and_logged(log: Arc<Reporter>) -> (Reporter, Warnings) {
        let warnings = Warnings::default();
        let verbosity = log.verbosity.load(Ordering::Relaxed);
        let sink = ReporterSink::Logged(warnings.clone(), log);
        (Reporter::new(verbosity, sink), warnings)
    }

    /// Writes to `reporter`, but repeats no warning: for a process that runs for long and
    /// would find the same fault again and again.
    pub fn deduplicated(reporter: Arc<Reporter>) -> Reporter {
        Reporter::new(
            reporter.verbosity.load(Ordering::Relaxed),
            ReporterSink::Deduplicated(reporter),
        )
    }

    fn new(verbosity: u8, sink: ReporterSink) -> Reporter {
        Reporter {
            verbosity: AtomicU8::new(verbosity),
            is_quiet: AtomicBool::default(),
            sink,
            written: WarningSet::default(),
            env: None,
            screen: OnceLock::new(),
            progress: OnceLock::new(),
        }
    }

    /// 0 shows warnings, 1 (`-v`) also decisions, 2 (`-vv`) also each step.
    pub fn set_verbosity(&self, verbosity: u8) {
        self.verbosity.store(verbosity, Ordering::Relaxed);
    }

    /// Leaves only errors, and logs that were asked for. A reporter that passes messages on
    /// to this one is as quiet.
    pub fn set_quiet(&self, is_quiet: bool) {
        self.is_quiet.store(is_quiet, Ordering::Relaxed);
    }

    fn is_quiet(&self) -> bool {
        match &self.sink {
            ReporterSink::Deduplicated(reporter) => reporter.is_quiet(),
            _ => self.is_quiet.load(Ordering::Relaxed),
        }
    }

    pub fn is_enabled(&self, level: Verbosity) -> bool {
        !self.is_quiet() && level as u8 <= self.verbosity.load(Ordering::Relaxed)
    }

    pub fn warn(&self, message: impl fmt::Display) {
        self.log(Verbosity::Warning, message);
    }

    pub fn warn_once(&self, message: impl fmt::Display) {
        let message = message.to_string();
        if !self.written.contains(&message) {
            self.warn(message);
        }
    }

    pub fn info(&self, message: impl fmt::Display) {
        self.log(Verbosity::Info, message);
    }

    pub fn debug(&self, message: impl fmt::Display) {
        self.log(Verbosity::Debug, message);
    }

    /// For a person at the terminal: a log does without.
    pub(crate) fn hint(&self, message: impl fmt::Display) {
        if self.is_enabled(Verbosity::Warning) && self.screen().is_terminal {
            self.write_message("", &format_args!("hint: {message}"));
        }
    }

    pub fn line(&self, message: impl fmt::Display) {
        if !self.is_quiet() {
            self.write_message("", &message);
        }
    }

    /// Writes a line of a log that was asked for.
    pub fn log_line(&self, message: impl fmt::Display) {
        self.write_message("", &message);
    }

    pub fn json(&self, json: &serde_json::Value) {
        self.write(format!("{}\n", sanitize::json(json)));
    }

    /// Writes a text for a person, such as help, without the program's name.
    pub(crate) fn plain_text(&self, text: impl fmt::Display) {
        self.write(format!("{}\n", sanitize::lines(&text.to_string())));
    }

    pub fn error(&self, error: impl fmt::Display) {
        self.write_message("", &error);
    }

    pub fn log(&self, level: Verbosity, message: impl fmt::Display) {
        if !self.is_enabled(level) {
            return;
        }
        let mark = if level == Verbosity::Warning { "warning: " } else { "" };
        self.write_message(mark, &message);
    }

    /// A line that cannot be written is lost: there is no other place to report that.
    fn write_message(&self, mark: &str, message: &dyn fmt::Display) {
        // A message may quote anything: names, values, a response.
        let message = sanitize::lines(&message.to_string()).into_owned();
        if let ReporterSink::Deduplicated(reporter) = &self.sink {
            if mark.is_empty() || !reporter.written.contains(&message) {
                reporter.write_message(mark, &message);
            }
            return;
        }
        match &self.sink {
            ReporterSink::Collected(warnings) => warnings.push(message.clone()),
            ReporterSink::Logged(warnings, log) => {
                if !mark.is_empty() {
                    warnings.push(message.clone());
                }
                if mark.is_empty() || !log.is_quiet() {
                    log.write_message(mark, &message);
                }
            }
            ReporterSink::Lines(_) | ReporterSink::Deduplicated(_) => {}
        }
        let screen = self.screen();
        let name = screen.paint(Emphasis::Muted, "gc-token:");
        let text = screen.paint_message(&format!("{mark}{message}"));
        self.write(format!("{name} {text}\n"));
        if !mark.is_empty() {
            self.written.insert(message);
        }
    }

    /// Describes standard error. The system is asked once, when something is written.
    pub(crate) fn screen(&self) -> Screen {
        *self.screen.get_or_init(|| self.env.as_ref().map(Screen::stderr).unwrap_or_default())
    }

    /// Shows on a terminal, after a second, what is waited for until the result is dropped.
    /// A reporter that only collects, or that belongs to work in the background, shows nothing.
    #[must_use]
    pub(crate) fn activity(&self, text: impl fmt::Display) -> Activity {
        if !self.is_enabled(Verbosity::Warning) {
            return Activity::hidden();
        }
        let line = self.progress.get_or_init(|| {
            let env = self.env.as_ref()?;
            let screen = self.screen();
            progress::shows_progress(env, screen).then(|| ProgressLine::new(screen))
        });
        match line {
            Some(line) => line.begin(&text.to_string()),
            None => Activity::hidden(),
        }
    }

    /// Leaves the terminal to another program until the result is dropped.
    #[must_use]
    pub(crate) fn pause_progress(&self) -> ProgressPause {
        self.progress_line().map_or_else(ProgressPause::needless, ProgressLine::pause)
    }

    /// To be called before the process ends.
    pub(crate) fn end_progress(&self) {
        if let Some(line) = self.progress_line() {
            line.close();
        }
    }

    fn progress_line(&self) -> Option<&ProgressLine> {
        self.progress.get()?.as_ref()
    }

    fn write(&self, line: String) {
        if let ReporterSink::Lines(sink) = &self.sink
            && let Ok(mut sink) = sink.lock()
        {
            // One write, so that lines of several processes do not mix. The terminal may
            // belong to the command of `exec`.
            let mut write = || write_from_background(|| sink.write_all(line.as_bytes()));
            let _ = match self.progress_line() {
                Some(progress) => progress.write_instead(write),
                None => write(),
            };
        }
    }
}

#[cfg(test)]
mod tests;
