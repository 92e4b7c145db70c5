//! Shared by the tests: the real program in a hermetic environment, with all its output
//! searched for secrets; the sandbox, Terraform, and a plugin client.

#![allow(unreachable_pub, reason = "a module of a test")]

pub mod cloud;
pub mod example;
pub mod external;
pub mod gate;
pub mod guard;
pub mod page;
pub mod plugin;
pub mod port;
pub mod process;
pub mod runner;
pub mod servers;
pub mod slot;
pub mod store_machine;
pub mod terminal;
pub mod terraform;
pub mod tls;

use std::io::Write;
use std::path::PathBuf;

use gc_token::internals::context::Environment;

/// Finds a program in `PATH`.
pub fn program(name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name));
    }
    let path = Environment::of_process().os("PATH")?;
    let mut candidates = std::env::split_paths(&path).map(|dir| dir.join(name));
    candidates.find(|candidate| candidate.is_file())
}

/// Reports that a tool which a test needs is missing. Panics in CI; elsewhere prints it past
/// the test harness, so that nobody takes the test for passed.
pub fn missing(tool: &str) {
    let ci = Environment::of_process().text("CI").is_some_and(|ci| ci == "true");
    assert!(!ci, "{tool} is missing, which CI has to have");
    say(&format!("NOT TESTED: {tool} is missing"));
}

/// Prints past the test harness, which captures the output of passing tests.
pub fn say(message: &str) {
    let test = std::thread::current();
    let test = test.name().unwrap_or("test");
    let _ = std::io::stderr().write_all(format!("{test}: {message}\n").as_bytes());
}
