//! The edges of the program in one bundle: environment, clocks, directories,
//! standard streams. The real ones are collected once, by `main`; tests hand
//! in others.

mod clock;
mod environment;
mod files;
mod places;
mod process;
mod runtime;
mod signals;
mod talk;

use std::io::{IsTerminal, Read, Write};
use std::sync::Arc;

pub(crate) use clock::timer_clock;
pub use clock::{Clock, SystemClock};
pub use environment::Environment;
pub(crate) use files::{raise_file_limit, with_former_file_limit};
pub(crate) use places::NO_HOME;
pub use places::Places;
pub(crate) use process::is_protected;
pub use process::protect_memory;
pub(crate) use runtime::runtime;
pub use signals::end_process_1_by_signals;
pub(crate) use signals::{
    is_ignored, leave_signals_to_their_listener, outlive_file_size_limit, with_blocked,
};
pub use talk::{Level, Talk, Warnings};

/// Everything that a command touches besides files and the network.
pub struct World {
    /// Environment variables.
    pub env: Environment,
    /// Boot clock, wall clock, and sleep.
    pub clock: Arc<dyn Clock>,
    /// Where the user's files belong.
    pub places: Places,
    /// Standard input; `None` once somebody has taken it.
    pub stdin: Option<Box<dyn Read + Send>>,
    /// Whether a person sits at standard input.
    pub stdin_is_terminal: bool,
    /// Standard output: data only, and nothing at all on failure.
    pub stdout: Box<dyn Write>,
    /// Warnings and details, to standard error.
    pub talk: Arc<Talk>,
}

impl World {
    /// Standard input, for the one who reads it to its end.
    pub fn take_stdin(&mut self) -> Option<Box<dyn Read + Send>> {
        self.stdin.take()
    }

    /// The process's own world.
    pub fn real() -> World {
        World {
            env: Environment::Process,
            clock: Arc::new(SystemClock::default()),
            places: Places::of_user(&Environment::Process),
            stdin: Some(Box::new(std::io::stdin())),
            stdin_is_terminal: std::io::stdin().is_terminal(),
            stdout: Box::new(std::io::stdout()),
            talk: Arc::new(Talk::stderr()),
        }
    }
}
