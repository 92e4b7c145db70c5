//! The watchdog: a process that cleans up after a parent that was killed.
//!
//! It leads the command's process group, so that there is one before there is
//! a command. What it has to know comes through a pipe, a line of JSON each.
//! When the pipe ends without a farewell, the parent is dead: then the command
//! is ended, too, and directories are removed.

mod dog;

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use nix::sys::signal::SigSet;
use rustix::process::Pid;
use serde::{Deserialize, Serialize};

use crate::context::with_blocked;
use crate::error::{Error, Kind, Result};
use crate::pid_namespace::own_group;

pub use dog::watch;

/// The watchdog of this process. When it is dropped without a farewell, it does
/// its work.
pub struct Watchdog {
    process: Child,
    pipe: Option<ChildStdin>,
}

/// What the watchdog is told.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Message {
    /// This directory is to be removed.
    Directory(OsString),
    /// The terminal is to be given back to this process group.
    Terminal(i32),
    /// This process is to be ended.
    Child(i32),
    /// All is well: there is nothing to do.
    Farewell,
}

/// The verb that makes gc-token a watchdog.
const VERB: &str = "exec-watchdog";

impl Watchdog {
    /// Starts a watchdog: this very program, in a process group of its own,
    /// which no signal reaches that can be blocked.
    ///
    /// # Errors
    /// `Configuration`, when no process can be started.
    pub fn start() -> Result<Watchdog> {
        let mut command = Command::new(own_program().map_err(failed)?);
        command
            .arg0(env!("CARGO_PKG_NAME"))
            .arg(VERB)
            .env_clear()
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            // Who waits for the end of our output does not wait for the watchdog.
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // It inherits the mask, so that there is no moment without it.
        let mut process = with_blocked(SigSet::all(), || command.spawn()).map_err(failed)?;
        let pipe = process.stdin.take();
        Ok(Watchdog { process, pipe })
    }

    /// Has it remove this directory, with all that is in it, should this
    /// process be killed.
    pub fn removes(&mut self, directory: &Path) -> io::Result<()> {
        let directory = std::path::absolute(directory)?;
        self.tell(&Message::Directory(directory.into()));
        Ok(())
    }

    /// All is well: lets it go, and waits until it has gone.
    pub fn dismiss(mut self) {
        self.tell(&Message::Farewell);
    }

    /// The process group that it leads. The number is not used again before
    /// this is dropped, even should the watchdog die.
    pub(crate) fn group(&self) -> Pid {
        Pid::from_child(&self.process)
    }

    /// Has it give the terminal back to this process's group.
    pub(crate) fn gives_terminal_back(&mut self) {
        if let Some(group) = own_group() {
            self.tell(&Message::Terminal(group.as_raw_pid()));
        }
    }

    /// Has it end this process.
    pub(crate) fn guard(&mut self, child: Pid) {
        self.tell(&Message::Child(child.as_raw_pid()));
    }

    /// A watchdog that was killed hears nothing, and does no harm.
    fn tell(&mut self, message: &Message) {
        if let Some(pipe) = &mut self.pipe {
            let mut line = serde_json::to_vec(message).expect("it is plain data");
            line.push(b'\n');
            let _ = pipe.write_all(&line);
        }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.pipe.take());
        let _ = self.process.wait();
    }
}

/// This very program, even if another has been installed over it; where `/proc` is
/// missing, the program at the path that the kernel was given to start this one.
fn own_program() -> io::Result<std::path::PathBuf> {
    let link = Path::new("/proc/self/exe");
    if link.exists() {
        return Ok(link.into());
    }
    std::env::current_exe().or_else(|error| started_as().ok_or(error))
}

#[cfg(target_os = "linux")]
fn started_as() -> Option<std::path::PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    let path = std::ffi::OsStr::from_bytes(rustix::param::linux_execfn().to_bytes());
    std::path::absolute(path).ok().filter(|path| path.exists())
}

#[cfg(not(target_os = "linux"))]
fn started_as() -> Option<std::path::PathBuf> {
    None
}

fn failed(error: io::Error) -> Error {
    Error::new(Kind::System, "cannot start the watchdog process").with_source(error)
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    #[test]
    fn a_message_is_one_line_whatever_a_directory_is_called() {
        let directory = Message::Directory(OsString::from_vec(b"/a\n\xff".into()));
        let line = serde_json::to_string(&directory).unwrap();
        assert!(!line.contains('\n'), "{line}");
        assert_eq!(serde_json::from_str::<Message>(&line).unwrap(), directory);
    }
}
