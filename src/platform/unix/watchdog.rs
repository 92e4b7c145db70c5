//! The watchdog: a process that cleans up if its parent is killed.
//!
//! It leads the command's process group, which thus exists before the command. The parent
//! tells it through a pipe what to clean up, one line of JSON for each message. When the
//! pipe closes without a [`Message::Disarm`], the parent has died: then the watchdog ends
//! the command and removes the directories.

mod worker;

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use nix::sys::signal::SigSet;
use rustix::process::Pid;
use serde::{Deserialize, Serialize};

use super::executable::ProcessGroup;
use super::pid_namespace::own_group;
use super::signals::with_blocked;
use crate::error::{Error, Kind, Result};

pub(crate) use worker::watch;

/// The parent's side. When it is dropped and was not disarmed, the watchdog cleans up.
pub(crate) struct Watchdog {
    process: Child,
    pipe: Option<ChildStdin>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Message {
    RemoveOnExit(OsString),
    RestoreTerminal(i32),
    KillOnExit(i32),
    Disarm,
}

const COMMAND: &str = "exec-watchdog";

impl Watchdog {
    /// Starts this program again in a process group of its own, with all signals blocked.
    ///
    /// # Errors
    /// `System` when no process can be started.
    pub(crate) fn start() -> Result<Watchdog> {
        let mut command = Command::new(own_program().map_err(failed)?);
        command
            .arg0(env!("CARGO_PKG_NAME"))
            .arg(COMMAND)
            .env_clear()
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            // A reader that waits for the end of our output must not wait for the watchdog.
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // It inherits the mask, so that there is no moment without it.
        let mut process = with_blocked(SigSet::all(), || command.spawn()).map_err(failed)?;
        let pipe = process.stdin.take();
        Ok(Watchdog { process, pipe })
    }

    pub(crate) fn remove_on_exit(&mut self, directory: &Path) -> io::Result<()> {
        let directory = std::path::absolute(directory)?;
        self.send(&Message::RemoveOnExit(directory.into()));
        Ok(())
    }

    pub(crate) fn disarm(mut self) {
        self.send(&Message::Disarm);
    }

    /// Returns the process group that it leads. The kernel does not reuse its number before
    /// this value is dropped, even if the watchdog is killed.
    pub(crate) fn group(&self) -> ProcessGroup {
        Pid::from_child(&self.process)
    }

    pub(crate) fn restore_terminal(&mut self) {
        if let Some(group) = own_group() {
            self.send(&Message::RestoreTerminal(group.as_raw_pid()));
        }
    }

    pub(crate) fn kill_on_exit(&mut self, child: &Child) {
        self.send(&Message::KillOnExit(Pid::from_child(child).as_raw_pid()));
    }

    fn send(&mut self, message: &Message) {
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

/// Returns the path of this very program, even if another has been installed over it; without
/// `/proc`, the path by which the kernel was told to start it.
fn own_program() -> io::Result<std::path::PathBuf> {
    let link = Path::new("/proc/self/exe");
    if link.exists() {
        return Ok(link.into());
    }
    std::env::current_exe().or_else(|error| start_path().ok_or(error))
}

#[cfg(target_os = "linux")]
fn start_path() -> Option<std::path::PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    let path = std::ffi::OsStr::from_bytes(rustix::param::linux_execfn().to_bytes());
    std::path::absolute(path).ok().filter(|path| path.exists())
}

#[cfg(not(target_os = "linux"))]
fn start_path() -> Option<std::path::PathBuf> {
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
    fn a_message_is_one_line_for_any_directory_name() {
        let directory = Message::RemoveOnExit(OsString::from_vec(b"/a\n\xff".into()));
        let line = serde_json::to_string(&directory).unwrap();
        assert!(!line.contains('\n'), "{line}");
        assert_eq!(serde_json::from_str::<Message>(&line).unwrap(), directory);
    }
}
