//! Warnings and details: to standard error, or collected for somebody else to
//! show.

use std::fmt;
use std::io::Write;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

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
pub struct Talk {
    verbosity: AtomicU8,
    sink: Sink,
}

enum Sink {
    Lines(Mutex<Box<dyn Write + Send>>),
    Collected(Warnings),
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

impl Talk {
    /// Talks to the process's standard error, warnings only.
    pub fn stderr() -> Talk {
        Talk::to(Box::new(std::io::stderr()))
    }

    /// Talks to `sink`, warnings only.
    pub fn to(sink: Box<dyn Write + Send>) -> Talk {
        Talk { verbosity: AtomicU8::new(0), sink: Sink::Lines(Mutex::new(sink)) }
    }

    /// Collects warnings, for somebody who shows them in a way of their own.
    pub fn collected() -> (Talk, Warnings) {
        let warnings = Warnings::default();
        let sink = Sink::Collected(warnings.clone());
        (Talk { verbosity: AtomicU8::new(0), sink }, warnings)
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
        match &self.sink {
            Sink::Lines(sink) => {
                if let Ok(mut sink) = sink.lock() {
                    // One write, so that lines of several processes do not mix.
                    let _ = sink.write_all(format!("gc-token: {mark}{message}\n").as_bytes());
                }
            }
            Sink::Collected(warnings) => {
                if let Ok(mut warnings) = warnings.0.lock() {
                    warnings.push(message.to_string());
                }
            }
        }
    }
}
