//! The standard streams.

use std::io::{IsTerminal, Read, Write};

use super::{Environment, Screen};
use crate::error::{Error, Kind, Result};

/// Standard input and output. Warnings go to standard error through a
/// [`Reporter`](super::Reporter).
pub struct StandardStreams {
    pub stdin: StandardInput,
    /// For results only: a command that fails prints nothing there.
    pub stdout: Box<dyn Write>,
    is_process: bool,
}

pub struct StandardInput {
    reader: Option<Box<dyn Read + Send>>,
    is_terminal: bool,
}

impl StandardStreams {
    pub fn process() -> StandardStreams {
        let stdin = std::io::stdin();
        let is_terminal = stdin.is_terminal();
        let stdin = StandardInput { reader: Some(Box::new(stdin)), is_terminal };
        StandardStreams { stdin, stdout: Box::new(std::io::stdout()), is_process: true }
    }

    pub fn without_input(stdout: impl Write + 'static) -> StandardStreams {
        StandardStreams {
            stdin: StandardInput::empty(),
            stdout: Box::new(stdout),
            is_process: false,
        }
    }

    /// Describes standard output. Asks the system, so a cached `get` does without.
    pub(crate) fn screen(&self, env: &Environment) -> Screen {
        if self.is_process { Screen::stdout(env) } else { Screen::default() }
    }

    pub(crate) fn print(&mut self, bytes: &[u8]) -> Result<()> {
        let written = self.stdout.write_all(bytes).and_then(|()| self.stdout.flush());
        written.map_err(|error| {
            Error::new(Kind::Output, "cannot write to standard output").with_source(error)
        })
    }
}

impl StandardInput {
    pub fn empty() -> StandardInput {
        StandardInput { reader: Some(Box::new(std::io::empty())), is_terminal: false }
    }

    /// Returns an input that was taken before, as by a plugin's protocol.
    pub fn taken() -> StandardInput {
        StandardInput { reader: None, is_terminal: false }
    }

    pub fn take(&mut self) -> Option<Box<dyn Read + Send>> {
        self.reader.take()
    }

    pub fn is_terminal(&self) -> bool {
        self.is_terminal
    }
}
