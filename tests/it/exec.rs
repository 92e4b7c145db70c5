//! `exec`: the command gets what it needs and nothing more, and cannot tell
//! that gc-token is there: not by a signal, not by the terminal, and not by
//! what is left when either is killed.

mod ends;
pub(crate) mod first;
mod plain;
mod revoke;
pub(crate) mod rig;
mod secret_command;
mod served;
mod signals;
mod stand_in;
pub(crate) mod terminal;
