//! The program's access to the outside world, apart from files and the network: environment,
//! clocks, directories, messages and standard streams. `main` creates the real ones, tests
//! pass their own.

mod clock;
mod directories;
mod environment;
mod progress;
mod reporter;
mod runtime;
mod screen;
mod streams;

use std::sync::Arc;

pub(crate) use clock::timer_clock;
pub use clock::{Clock, SystemClock};
pub use directories::Directories;
pub(crate) use directories::NO_HOME;
pub use environment::Environment;
pub(crate) use progress::Activity;
pub use reporter::{Reporter, Verbosity, Warnings};
pub(crate) use runtime::runtime;
pub use screen::{Emphasis, Screen};
pub use streams::{StandardInput, StandardStreams};

/// Cheap to clone: clones share everything.
#[derive(Clone)]
pub struct Context {
    pub env: Environment,
    pub clock: Arc<dyn Clock>,
    pub directories: Arc<Directories>,
    pub reporter: Arc<Reporter>,
}

impl Context {
    pub fn process() -> Context {
        let env = Environment::of_process();
        Context {
            clock: Arc::new(SystemClock::default()),
            directories: Arc::new(Directories::of_user(&env)),
            reporter: Arc::new(Reporter::stderr(env.clone())),
            env,
        }
    }

    pub fn with_env(env: Environment, reporter: Reporter) -> Context {
        Context {
            env,
            clock: Arc::new(SystemClock::default()),
            directories: Arc::default(),
            reporter: Arc::new(reporter),
        }
    }

    pub fn with_reporter(&self, reporter: Arc<Reporter>) -> Context {
        Context { reporter, ..self.clone() }
    }
}
