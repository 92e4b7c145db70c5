//! Child processes: how they are found, started and ended.
//!
//! [`Program`] finds and starts every program. A program that is run for its output, such as
//! the command that prints the client secret, is run by [`Helper`]; the command of `exec` has
//! rules of its own ([`exec::run`](crate::exec::run)). Both run in a process group that a
//! [`Watchdog`](crate::platform::Watchdog) leads, so that the whole group can be ended, also
//! when gc-token is killed.

mod helper;
mod program;

pub(crate) use helper::{Helper, HelperError, Prompt};
pub(crate) use program::Program;
