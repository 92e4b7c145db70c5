//! Warnings and details, on standard error.

use std::fmt;
use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, Ordering};

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
    sink: Mutex<Box<dyn Write + Send>>,
}

impl Talk {
    /// Talks to the process's standard error, warnings only.
    pub fn stderr() -> Talk {
        Talk::to(Box::new(std::io::stderr()))
    }

    /// Talks to `sink`, warnings only.
    pub fn to(sink: Box<dyn Write + Send>) -> Talk {
        Talk {
            verbosity: AtomicU8::new(0),
            sink: Mutex::new(sink),
        }
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
        self.write(format_args!("gc-token: {error}\n"));
    }

    /// Says one line. A line that cannot be written is lost: there is nowhere
    /// left to say so.
    pub fn say(&self, level: Level, message: impl fmt::Display) {
        if !self.says(level) {
            return;
        }
        let mark = if level == Level::Warning {
            "warning: "
        } else {
            ""
        };
        self.write(format_args!("gc-token: {mark}{message}\n"));
    }

    fn write(&self, text: fmt::Arguments<'_>) {
        if let Ok(mut sink) = self.sink.lock() {
            // One write, so that lines of several processes do not mix.
            let _ = sink.write_all(text.to_string().as_bytes());
        }
    }
}
