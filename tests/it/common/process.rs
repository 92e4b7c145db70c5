//! A running `gc-token`, and its output once it has exited.

use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::guard;

/// The commands that print the token on standard output.
const HAND_OUT: [&str; 4] = ["get", "token", "env", "external"];

const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Two minutes.
const MAX_POLLS: usize = 24_000;

/// A running process; killed if the test ends first.
pub struct Running {
    child: Child,
    command: String,
    hands_out: bool,
    stdout: PathBuf,
    stderr: PathBuf,
    names: Vec<(String, &'static str)>,
}

/// A finished process and its output. Text that differs from run to run is replaced: HOME,
/// LOGIN (the issuer's host), KEY (a cache entry's name) and ID (a correlation id).
#[derive(Debug)]
pub struct Finished {
    #[expect(dead_code, reason = "for Debug, in the message of a failed assertion")]
    command: String,
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Running {
    pub(super) fn new(
        mut command: Command,
        args: &[&str],
        stdout: PathBuf,
        stderr: PathBuf,
        names: Vec<(String, &'static str)>,
    ) -> Running {
        Running {
            child: command.spawn().unwrap(),
            command: args.join(" "),
            // A stand-in looks like a token, and may be printed.
            hands_out: args.first().is_some_and(|verb| HAND_OUT.contains(verb))
                || args.first().is_some_and(|flag| flag.starts_with('-'))
                    && args.iter().any(|verb| HAND_OUT.contains(verb))
                || args.contains(&"--stand-in-token"),
            stdout,
            stderr,
            names,
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until standard error contains `text`; returns all of it.
    pub fn wait_until_it_says(&mut self, text: &str) -> String {
        let mut said = String::new();
        wait_until(&format!("'{}' says {text:?}", self.command), || {
            said = std::fs::read_to_string(&self.stderr).unwrap();
            let ended = self.child.try_wait().unwrap();
            assert!(said.contains(text) || ended.is_none(), "it said {said:?}");
            said.contains(text)
        });
        said
    }

    /// Waits until standard output contains `text`; returns all of it.
    pub fn wait_until_it_prints(&mut self, text: &str) -> String {
        let mut said = String::new();
        wait_until(&format!("'{}' prints {text:?}", self.command), || {
            said = std::fs::read_to_string(&self.stdout).unwrap();
            let ended = self.child.try_wait().unwrap();
            let stderr = || std::fs::read_to_string(&self.stderr).unwrap();
            assert!(said.contains(text) || ended.is_none(), "it said {said:?}, {:?}", stderr());
            said.contains(text)
        });
        said
    }

    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Kills the process with SIGKILL, and searches its output for secrets.
    pub fn kill(mut self) -> Finished {
        self.child.kill().unwrap();
        self.finish()
    }

    /// Waits for the process, and searches its output for secrets.
    pub fn finish(mut self) -> Finished {
        let mut status = None;
        wait_until(&format!("'{}' ends", self.command), || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        self.searched(status.expect("it has exited"))
    }

    /// Asserts that the token appears only on the standard output of a command that prints it
    /// and succeeds, and the client secret nowhere.
    fn searched(&self, status: ExitStatus) -> Finished {
        let stdout = std::fs::read(&self.stdout).unwrap();
        let stderr = std::fs::read(&self.stderr).unwrap();
        let place = |stream| format!("{stream} of '{}'", self.command);
        guard::holds_no_secret(&stdout, &place("standard output"));
        guard::holds_no_secret(&stderr, &place("standard error"));
        guard::holds_no_token(&stderr, &place("standard error"));
        // A killed process may have printed its token already.
        if !self.hands_out || status.code().is_some_and(|code| code != 0) {
            guard::holds_no_token(&stdout, &place("standard output"));
        }
        Finished {
            command: self.command.clone(),
            status,
            stdout: self.renamed(stdout),
            stderr: self.renamed(stderr),
        }
    }

    fn renamed(&self, bytes: Vec<u8>) -> String {
        let text = String::from_utf8(bytes).expect("output is UTF-8");
        let text = self.names.iter().fold(text, |text, (from, to)| text.replace(from, to));
        without_ids(&without_keys(&text))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has exited already, unless a test has failed.
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

impl Finished {
    /// Asserts success; returns standard output.
    pub fn succeeded(&self) -> &str {
        assert_eq!(self.status.code(), Some(0), "{self:#?}");
        &self.stdout
    }

    /// Asserts success without warnings; returns the token that `get` printed.
    pub fn token(&self) -> &str {
        assert_eq!(self.stderr, "", "{self:#?}");
        self.succeeded().trim_end()
    }
}

/// Polls until `happened`; panics after two minutes.
pub fn wait_until(what: &str, mut happened: impl FnMut() -> bool) {
    for _ in 0..MAX_POLLS {
        if happened() {
            return;
        }
        sleep(POLL_INTERVAL);
    }
    panic!("timed out: {what}");
}

/// Replaces the names of cache entries, which are 32 hexadecimal digits.
fn without_keys(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|char: char| char.is_ascii_hexdigit()) {
        let word = &rest[start..];
        let length = word.find(|char: char| !char.is_ascii_hexdigit()).unwrap_or(word.len());
        shown += &rest[..start];
        shown += if length == 32 { "KEY" } else { &word[..length] };
        rest = &word[length..];
    }
    shown + rest
}

/// Replaces the ids after the words "correlation id".
fn without_ids(text: &str) -> String {
    let mut parts = text.split("correlation id ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |shown, part| {
        let id = |char: char| char.is_ascii_hexdigit() || char == '-';
        shown + "correlation id ID" + part.trim_start_matches(id)
    })
}
