//! The edges of the program in one bundle: environment, clocks, directories,
//! standard streams. The real ones are collected once, by `main`; tests hand
//! in others.

mod clock;
mod directories;
mod environment;
mod reporter;
mod runtime;

use std::io::{IsTerminal, Read, Write};
use std::sync::Arc;

pub(crate) use clock::timer_clock;
pub use clock::{Clock, SystemClock};
pub use directories::Directories;
pub(crate) use directories::NO_HOME;
pub use environment::Environment;
pub use reporter::{Level, Reporter, Warnings};
pub(crate) use runtime::runtime;

/// Everything that a command touches besides files and the network.
pub struct Context {
    /// Environment variables.
    pub env: Environment,
    /// Boot clock, wall clock, and sleep.
    pub clock: Arc<dyn Clock>,
    /// Where the user's files belong.
    pub directories: Directories,
    /// Standard input; `None` once somebody has taken it.
    pub stdin: Option<Box<dyn Read + Send>>,
    /// Whether a person sits at standard input.
    pub stdin_is_terminal: bool,
    /// Standard output: data only, and nothing at all on failure.
    pub stdout: Box<dyn Write>,
    /// Warnings and details, to standard error.
    pub reporter: Arc<Reporter>,
}

impl Context {
    /// Standard input, for the one who reads it to its end.
    pub fn take_stdin(&mut self) -> Option<Box<dyn Read + Send>> {
        self.stdin.take()
    }

    /// The process's own world.
    pub fn real() -> Context {
        Context {
            env: Environment::Process,
            clock: Arc::new(SystemClock::default()),
            directories: Directories::of_user(&Environment::Process),
            stdin: Some(Box::new(std::io::stdin())),
            stdin_is_terminal: std::io::stdin().is_terminal(),
            stdout: Box::new(std::io::stdout()),
            reporter: Arc::new(Reporter::stderr()),
        }
    }
}
