//! Warnings and details, on standard error or collected for a caller.

use std::collections::HashSet;
use std::fmt;
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use super::progress::{self, Activity, ProgressLine, ProgressPause};
use super::{Emphasis, Environment, Screen};
use crate::platform::write_from_background;
use crate::sanitize;

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
    warned: Mutex<HashSet<String>>,
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

#[derive(Clone, Default)]
pub struct Warnings(Arc<Mutex<Vec<String>>>);

/// A caller that shows warnings only at the end of a long run gets so many.
const MAX_COLLECTED: usize = 20;

impl Warnings {
    fn push(&self, message: String) {
        if let Ok(mut warnings) = self.0.lock()
            && warnings.len() < MAX_COLLECTED
        {
            warnings.push(message);
        }
    }

    pub fn take(&self) -> Vec<String> {
        self.0.lock().map(|mut warnings| std::mem::take(&mut *warnings)).unwrap_or_default()
    }
}

/// Warnings that contain numbers are new each time.
const MAX_REMEMBERED: usize = 100;

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
            warned: Mutex::default(),
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
        if !self.has_warned(&message) {
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
            if mark.is_empty() || !reporter.has_warned(&message) {
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
            self.remember(message);
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

    fn has_warned(&self, message: &str) -> bool {
        self.warned.lock().is_ok_and(|warned| warned.contains(message))
    }

    fn remember(&self, message: String) {
        if let Ok(mut warned) = self.warned.lock() {
            if warned.len() >= MAX_REMEMBERED {
                warned.clear();
            }
            warned.insert(message);
        }
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
    fn no_message_controls_the_terminal_or_ci() {
        let written = Written::default();
        let reporter = Reporter::to(Box::new(written.clone()));
        let (collected, warnings) = Reporter::collected();
        let hostile = "a ##vso[task.x]b\n::error::c\u{9b}31m\u{202e}\r\n##[error]d";
        for reporter in [&reporter, &collected] {
            reporter.warn(hostile);
        }
        reporter.line(hostile);
        reporter.error(hostile);
        reporter.json(&serde_json::json!({ "path": hostile }));
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
    fn a_logged_warning_is_collected_and_any_message_is_logged() {
        let written = Written::default();
        let log = Arc::new(Reporter::to(Box::new(written.clone())));
        let (reporter, warnings) = Reporter::collected_and_logged(log);
        reporter.line("a line");
        for number in 0..30 {
            reporter.warn(format_args!("warning {number}"));
        }
        assert_eq!(warnings.take().len(), MAX_COLLECTED);
        let written = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert!(written.starts_with("gc-token: a line\ngc-token: warning: warning 0\n"));
        assert_eq!(written.lines().count(), 31);
    }

    #[test]
    fn a_deduplicated_reporter_repeats_no_warning() {
        let (all, warnings) = Reporter::collected();
        let all = Arc::new(all);
        all.warn("before");
        let reporter = Reporter::deduplicated(all.clone());
        for message in ["one", "before", "two", "one"] {
            reporter.warn(message);
        }
        assert_eq!(warnings.take(), ["before", "one", "two"]);
        all.warn("one");
        assert_eq!(warnings.take(), ["one"]);
        reporter.line("said each time");
        reporter.line("said each time");
        assert_eq!(warnings.take().len(), 2);
    }
}
