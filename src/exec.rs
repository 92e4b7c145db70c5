//! `exec`: a command that gets the token in its environment.
//!
//! In plain form the process becomes the command
//! ([`Program::replace_process`](crate::child::Program::replace_process)). While something is served to it, gc-token is
//! its parent, and takes care that it makes no difference ([`run`]): signals,
//! the terminal and the exit code are passed on, and a
//! [`Watchdog`](crate::child::Watchdog) cleans up after a parent that is killed.

mod child;
mod environment;
mod signals;
mod template;

pub use child::run;
pub use environment::{Changes, Wishes};
