//! `exec`: runs a command that has the token in its environment.
//!
//! Without a proxy, the command replaces this process
//! ([`Program::exec_replace`]). With one, gc-token stays as its parent: [`run`] passes on
//! signals, the terminal and the exit code, and a [`Watchdog`] cleans up after a parent that
//! is killed.

mod environment;
mod template;

use std::collections::BTreeMap;
use std::ffi::OsString;

use crate::child::Program;
use crate::error::Result;
use crate::platform::{ForwardedSignals, Watchdog, supervise};

pub(crate) use environment::{EnvDiff, EnvOverrides};

/// Runs the command with exactly this environment, and returns its exit code, or 128 and
/// the number of the signal that ended it.
///
/// # Errors
/// `CommandUnusable`, or `CommandNotFound` if it was removed after the look-up.
pub(crate) async fn run(
    program: &Program,
    env: &BTreeMap<OsString, OsString>,
    watchdog: &mut Watchdog,
    signals: &mut ForwardedSignals,
) -> Result<u8> {
    let spawn = |group| {
        program.spawn(group, |command| {
            command.env_clear().envs(env);
        })
    };
    supervise(spawn, watchdog, signals).await
}
