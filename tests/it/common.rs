//! What the end-to-end tests share: the real program on a runner that nothing
//! leaks into, a guard that searches all it says for secrets, and Terraform.

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
pub mod terminal;
pub mod terraform;
pub mod tls;

use std::io::Write;
use std::path::PathBuf;

use gc_token::internals::context::Environment;

/// The program of this name, as the shell would find it.
pub fn program(name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name));
    }
    let path = Environment::Process.os("PATH")?;
    let mut candidates = std::env::split_paths(&path).map(|dir| dir.join(name));
    candidates.find(|candidate| candidate.is_file())
}

/// A tool that a test needs is not there: a failure in CI, and elsewhere said
/// so loudly that nobody takes the test for passed.
pub fn missing(tool: &str) {
    let ci = Environment::Process.text("CI").is_some_and(|ci| ci == "true");
    assert!(!ci, "{tool} is missing, which CI has to have");
    say(&format!("NOT TESTED: {tool} is missing"));
}

/// Says something past the test harness, which keeps what a passing test
/// prints to itself.
pub fn say(message: &str) {
    let test = std::thread::current();
    let test = test.name().unwrap_or("test");
    let _ = std::io::stderr().write_all(format!("{test}: {message}\n").as_bytes());
}
