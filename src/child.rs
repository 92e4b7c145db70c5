//! Child processes: how they are started, watched over and ended.
//!
//! [`Program`] finds and starts every program. A helper, such as the command that
//! prints the client secret, is run by [`Helper`]; the command of `exec` has rules of
//! its own ([`exec::run`](crate::exec::run)). Each has a process group that is led by a
//! [`Watchdog`], so that it can be ended whole, also when gc-token is killed.

mod helper;
mod program;
mod terminal;
mod watchdog;

pub use helper::{Helper, HelperError, Prompt};
pub use program::Program;
pub(crate) use terminal::Terminal;
pub use watchdog::{Watchdog, watch};
