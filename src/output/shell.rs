//! Statements that a shell evaluates, one shell per file.

pub(super) mod cmd;
pub(super) mod fish;
pub(super) mod nushell;
pub(super) mod posix;
pub(super) mod powershell;
