//! The command as a child of this process, which behaves as if it were the command.

use std::io;
use std::process::Child;

use nix::sys::signal::{self, raise};
use rustix::process::{
    Pid, Signal, WaitOptions, WaitStatus, getpgid, kill_process, kill_process_group, waitpid,
};

use super::executable::ProcessGroup;
use super::forwarded_signals::{ForwardedSignals, SignalEvent, cannot_supervise};
use super::helper_process::wants_terminal;
use super::pid_namespace::reap_orphans;
use super::terminal::Terminal;
use super::watchdog::Watchdog;
use crate::error::Result;

/// Starts the command by `spawn` and waits for its end, while signals, the terminal and
/// job control work as if the command had been started directly. Returns its exit code, or
/// 128 and the number of the signal that ended it.
///
/// The command runs in the process group of the watchdog, and has the terminal if this
/// process had it. Processes that it leaves behind in the background are left alone.
///
/// Has to run in a tokio runtime of the current thread.
///
/// # Errors
/// Those of `spawn`, or `System`.
pub(crate) async fn supervise(
    spawn: impl FnOnce(ProcessGroup) -> Result<Child>,
    watchdog: &mut Watchdog,
    signals: &mut ForwardedSignals,
) -> Result<u8> {
    let group = watchdog.group();
    let mut terminal = Terminal::for_group(group);
    // Before the command starts, so that it never finds itself in the background.
    if terminal.give_foreground() {
        watchdog.restore_terminal();
    }
    let result = match spawn(group) {
        Ok(process) => {
            let pid = Pid::from_child(&process);
            watchdog.kill_on_exit(&process);
            let command =
                SupervisedCommand { pid, group, terminal: &mut terminal, sigterm_sent: false };
            let own = [pid, group];
            tokio::select! {
                code = command.wait(signals) => code.map_err(cannot_supervise),
                never = reap_orphans(&own) => match never {},
            }
        }
        Err(error) => Err(error),
    };
    terminal.reclaim_foreground();
    result
}

struct SupervisedCommand<'a> {
    pid: Pid,
    group: Pid,
    terminal: &'a mut Terminal,
    sigterm_sent: bool,
}

impl SupervisedCommand<'_> {
    async fn wait(mut self, signals: &mut ForwardedSignals) -> io::Result<u8> {
        loop {
            match signals.next().await {
                SignalEvent::Forward(signal) => self.forward(signal),
                SignalEvent::ChildChanged => {
                    if let Some(code) = self.reap()? {
                        return Ok(code);
                    }
                }
            }
        }
    }

    /// A keyboard's signals go to the whole group, as from a terminal. Others go to the
    /// command alone, as if they had been sent to it: Terraform ends gracefully on SIGTERM,
    /// but its providers end at once.
    fn forward(&mut self, signal: Signal) {
        let from_keyboard =
            [Signal::INT, Signal::QUIT, Signal::HUP, Signal::TSTP].contains(&signal);
        self.sigterm_sent |= signal == Signal::TERM;
        if from_keyboard {
            let _ = kill_process_group(self.group, signal);
        }
        if !from_keyboard || self.has_changed_group() {
            let _ = kill_process(self.pid, signal);
        }
    }

    /// A shell with job control makes a group of its own.
    fn has_changed_group(&self) -> bool {
        getpgid(Some(self.pid)).is_ok_and(|group| group != self.group)
    }

    /// Returns the exit code if the command has ended; follows it if it has stopped.
    fn reap(&mut self) -> io::Result<Option<u8>> {
        while let Some(status) = wait_status(self.pid)? {
            if status.stopped() {
                self.suspend_self(status.stopping_signal())?;
                continue;
            }
            if self.sigterm_sent {
                // For processes that the command has left behind.
                let _ = kill_process_group(self.group, Signal::TERM);
            }
            return Ok(Some(exit_code(status)));
        }
        Ok(None)
    }

    /// Stops this process as the command has stopped, until it is continued; then
    /// continues the command.
    fn suspend_self(&mut self, stopping_signal: Option<i32>) -> io::Result<()> {
        // A command that wants the terminal only has to be continued if this process got
        // the foreground while it ran.
        if !(wants_terminal(stopping_signal) && self.terminal.give_foreground()) {
            self.terminal.reclaim_foreground();
            // Not SIGSTOP: in an orphaned process group, where no shell could continue
            // this process, the kernel ignores SIGTTIN.
            raise(signal::Signal::SIGTTIN)?;
            self.terminal.give_foreground();
        }
        let _ = kill_process_group(self.group, Signal::CONT);
        if self.has_changed_group() {
            let _ = kill_process(self.pid, Signal::CONT);
        }
        Ok(())
    }
}

fn wait_status(pid: Pid) -> io::Result<Option<WaitStatus>> {
    let changed = waitpid(Some(pid), WaitOptions::NOHANG | WaitOptions::UNTRACED)?;
    Ok(changed.map(|(_, status)| status))
}

fn exit_code(status: WaitStatus) -> u8 {
    let code = match status.terminating_signal() {
        Some(signal) => 128 + signal,
        None => status.exit_status().unwrap_or(0),
    };
    u8::try_from(code).unwrap_or(u8::MAX)
}
