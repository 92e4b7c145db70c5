//! The command as a child: gc-token stays, and makes no difference.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;

use nix::sys::signal::{self, raise};
use rustix::process::{
    Pid, Signal, WaitOptions, WaitStatus, getpgid, kill_process, kill_process_group, waitpid,
};

use super::signals::{Event, Signals};
use crate::child::{Program, Terminal, Watchdog};
use crate::error::{Error, Kind, Result};
use crate::pid_namespace;

/// Runs the command with exactly this environment, and waits for its end.
/// Returns its exit code; 128 and the signal's number when a signal has ended it.
///
/// It runs in a process group of its own, led by the watchdog, and has the
/// terminal if this process had it. What it leaves behind in the background is
/// left alone.
///
/// To be called in a tokio runtime of the current thread.
///
/// # Errors
/// `CommandUnusable`, `CommandNotFound` if it has just gone, or `System`.
pub async fn run(
    program: &Program,
    env: &BTreeMap<OsString, OsString>,
    watchdog: &mut Watchdog,
) -> Result<u8> {
    let mut signals = Signals::listen().map_err(failed)?;
    let group = watchdog.group();
    let mut terminal = Terminal::for_group(group);
    // Before there is a child, which thus never finds itself without it.
    if terminal.lend() {
        watchdog.gives_terminal_back();
    }
    let started = program.spawn(group, |command| {
        command.env_clear().envs(env);
    });
    let ended = match started {
        Ok(process) => {
            let pid = Pid::from_child(&process);
            watchdog.guard(pid);
            let child = Child { pid, group, terminal: &mut terminal, told_to_end: false };
            let own = [pid, group];
            tokio::select! {
                ended = child.wait(&mut signals) => ended.map_err(failed),
                never = pid_namespace::reap_orphans(&own) => match never {},
            }
        }
        Err(error) => Err(error),
    };
    terminal.take_back();
    ended
}

fn failed(error: io::Error) -> Error {
    Error::new(Kind::System, "cannot supervise the command").with_source(error)
}

struct Child<'a> {
    pid: Pid,
    group: Pid,
    terminal: &'a mut Terminal,
    /// Whether a SIGTERM was passed on.
    told_to_end: bool,
}

impl Child<'_> {
    async fn wait(mut self, signals: &mut Signals) -> io::Result<u8> {
        loop {
            match signals.next().await {
                Event::Signal(signal) => self.pass_on(signal),
                Event::Child => {
                    if let Some(code) = self.look()? {
                        return Ok(code);
                    }
                }
            }
        }
    }

    /// A keyboard's signals go to the whole group, as from a terminal. Others go
    /// to the command alone, as if they had been sent to it: Terraform ends
    /// gracefully on SIGTERM, but its providers die of it at once.
    fn pass_on(&mut self, signal: Signal) {
        let from_keyboard =
            [Signal::INT, Signal::QUIT, Signal::HUP, Signal::TSTP].contains(&signal);
        self.told_to_end |= signal == Signal::TERM;
        if from_keyboard {
            let _ = kill_process_group(self.group, signal);
        }
        // A shell with job control has made a group of its own.
        if !from_keyboard || self.has_left() {
            let _ = kill_process(self.pid, signal);
        }
    }

    fn has_left(&self) -> bool {
        getpgid(Some(self.pid)).is_ok_and(|group| group != self.group)
    }

    /// What has become of the child: its exit code, if it has ended.
    fn look(&mut self) -> io::Result<Option<u8>> {
        while let Some(status) = wait(self.pid)? {
            if status.stopped() {
                self.pause(status.stopping_signal())?;
                continue;
            }
            if self.told_to_end {
                // Those whom the command has left without ending them.
                let _ = kill_process_group(self.group, Signal::TERM);
            }
            return Ok(Some(code(status)));
        }
        Ok(None)
    }

    /// The child has stopped: so does this process, until somebody continues it.
    fn pause(&mut self, signal: Option<i32>) -> io::Result<()> {
        let wanted_terminal =
            [Signal::TTIN, Signal::TTOU].iter().any(|it| Some(it.as_raw()) == signal);
        // We were brought to the foreground while it ran: it only has to be told.
        if !(wanted_terminal && self.terminal.lend()) {
            self.terminal.take_back();
            // Not SIGSTOP: where nobody could continue us, in an orphaned process
            // group, the kernel does not stop us by this one.
            raise(signal::Signal::SIGTTIN)?;
            self.terminal.lend();
        }
        let _ = kill_process_group(self.group, Signal::CONT);
        if self.has_left() {
            let _ = kill_process(self.pid, Signal::CONT);
        }
        Ok(())
    }
}

fn wait(pid: Pid) -> io::Result<Option<WaitStatus>> {
    let found = waitpid(Some(pid), WaitOptions::NOHANG | WaitOptions::UNTRACED)?;
    Ok(found.map(|(_, status)| status))
}

/// As a shell shows it in `$?`.
fn code(status: WaitStatus) -> u8 {
    let code = match status.terminating_signal() {
        Some(signal) => 128 + signal,
        None => status.exit_status().unwrap_or(0),
    };
    u8::try_from(code).unwrap_or(u8::MAX)
}
