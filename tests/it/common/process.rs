//! A running `gc-token`, and what is left of it when it has ended.

use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::guard;

/// The verbs that hand out the token on standard output.
const HAND_OUT: [&str; 3] = ["get", "env", "external"];

/// How often a test looks whether something has happened.
const STEP: Duration = Duration::from_millis(5);

/// After this many steps (two minutes) nothing will happen any more.
const STEPS: usize = 24_000;

/// A running process. It is killed should the test end before it does.
pub struct Running {
    child: Child,
    command: String,
    hands_out: bool,
    stdout: PathBuf,
    stderr: PathBuf,
    names: Vec<(String, &'static str)>,
}

/// A process that has ended, and all that it said. What differs from run to
/// run is replaced: HOME, LOGIN (the issuer's host), KEY (an entry's name) and ID (a
/// correlation id).
#[derive(Debug)]
pub struct Finished {
    #[expect(dead_code, reason = "for Debug, in the message of a failed assertion")]
    command: String,
    /// How it ended.
    pub status: ExitStatus,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
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
                || args.contains(&"--stand-in-token"),
            stdout,
            stderr,
            names,
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has said `text` on standard error.
    pub fn wait_until_it_says(&mut self, text: &str) {
        wait_until(&format!("'{}' says {text:?}", self.command), || {
            let said = std::fs::read_to_string(&self.stderr).unwrap();
            let ended = self.child.try_wait().unwrap();
            assert!(said.contains(text) || ended.is_none(), "it said {said:?}");
            said.contains(text)
        });
    }

    /// Waits until it has said `text` on standard output, and returns all that
    /// it said there.
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

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Kills it with SIGKILL. What it said so far is searched for secrets.
    pub fn kill(mut self) -> Finished {
        self.child.kill().unwrap();
        self.finish()
    }

    /// Waits for its end, and searches what it said for secrets.
    pub fn finish(mut self) -> Finished {
        let mut status = None;
        wait_until(&format!("'{}' ends", self.command), || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        self.guarded(status.expect("it has ended"))
    }

    /// The token may show in one place only: on the standard output of a verb
    /// that hands it out and succeeds. The client secret may show nowhere.
    fn guarded(&self, status: ExitStatus) -> Finished {
        let stdout = std::fs::read(&self.stdout).unwrap();
        let stderr = std::fs::read(&self.stderr).unwrap();
        let place = |stream| format!("{stream} of '{}'", self.command);
        guard::holds_no_secret(&stdout, &place("standard output"));
        guard::holds_no_secret(&stderr, &place("standard error"));
        guard::holds_no_token(&stderr, &place("standard error"));
        // One that is killed may have said all that it had to say.
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
        let text = String::from_utf8(bytes).expect("it speaks UTF-8");
        let text = self.names.iter().fold(text, |text, (from, to)| text.replace(from, to));
        without_ids(&without_keys(&text))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already, unless a test has failed.
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

impl Finished {
    /// Standard output, of a process that succeeded.
    pub fn succeeded(&self) -> &str {
        assert_eq!(self.status.code(), Some(0), "{self:#?}");
        &self.stdout
    }

    /// The token that `get` printed, without a word on standard error.
    pub fn token(&self) -> &str {
        assert_eq!(self.stderr, "", "{self:#?}");
        self.succeeded().trim_end()
    }
}

/// Waits for something that is bound to happen.
pub fn wait_until(what: &str, mut happened: impl FnMut() -> bool) {
    for _ in 0..STEPS {
        if happened() {
            return;
        }
        sleep(STEP);
    }
    panic!("waited in vain: {what}");
}

/// Replaces the names of entries, which are 32 hexadecimal digits.
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

/// Replaces what follows the words "correlation id".
fn without_ids(text: &str) -> String {
    let mut parts = text.split("correlation id ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |shown, part| {
        let id = |char: char| char.is_ascii_hexdigit() || char == '-';
        shown + "correlation id ID" + part.trim_start_matches(id)
    })
}
