//! The edges of the program in one bundle: environment, clocks, directories,
//! standard streams. The real ones are collected once, by `main`; tests hand
//! in others.

mod clock;
mod environment;
mod files;
mod process;
mod talk;

use std::io::{IsTerminal, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;

pub(crate) use clock::timer_clock;
pub use clock::{Clock, SystemClock};
pub use environment::Environment;
pub(crate) use files::{raise_file_limit, with_former_file_limit};
pub(crate) use process::is_protected;
pub use process::protect_memory;
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

/// The user's directories, by the platform's convention. `None` where the user
/// has no home.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// The home directory.
    pub home: Option<PathBuf>,
    /// Cached tokens: `~/.cache/gc-token`.
    pub cache: Option<PathBuf>,
    /// `config.toml`: `~/.config/gc-token`.
    pub config: Option<PathBuf>,
    /// Keys that are kept apart from the cache: `~/.local/state/gc-token`.
    pub state: Option<PathBuf>,
}

impl Places {
    /// The directories of the process's user.
    pub fn of_user() -> Places {
        let project = directories::ProjectDirs::from("", "", "gc-token");
        let state = |dirs: &directories::ProjectDirs| {
            dirs.state_dir().unwrap_or(dirs.data_local_dir()).to_path_buf()
        };
        Places {
            home: directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_path_buf()),
            cache: project.as_ref().map(|dirs| dirs.cache_dir().to_path_buf()),
            config: project.as_ref().map(|dirs| dirs.config_dir().to_path_buf()),
            state: project.as_ref().map(state),
        }
    }
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
            places: Places::of_user(),
            stdin: Some(Box::new(std::io::stdin())),
            stdin_is_terminal: std::io::stdin().is_terminal(),
            stdout: Box::new(std::io::stdout()),
            talk: Arc::new(Talk::stderr()),
        }
    }
}
