//! A helper process as job control sees it.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdout, ExitStatus};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, waitpid};

use super::executable::ProcessGroup;
use super::pid_namespace::own_group;

pub(crate) struct HelperProcess {
    pid: Pid,
    group: ProcessGroup,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HelperState {
    Running,
    /// Stopped by job control, for want of the terminal or by Ctrl-Z.
    Stopped {
        wants_terminal: bool,
    },
    Exited(ExitStatus),
}

impl HelperProcess {
    pub(crate) fn new(child: &Child, group: ProcessGroup) -> HelperProcess {
        HelperProcess { pid: Pid::from_child(child), group }
    }

    /// Returns the state without waiting. A stop is reported once.
    pub(crate) fn state(&self) -> io::Result<HelperState> {
        let options = WaitOptions::NOHANG | WaitOptions::UNTRACED;
        let Some((_, status)) = waitpid(Some(self.pid), options)? else {
            return Ok(HelperState::Running);
        };
        if !status.stopped() {
            return Ok(HelperState::Exited(ExitStatus::from_raw(status.as_raw())));
        }
        Ok(HelperState::Stopped { wants_terminal: wants_terminal(status.stopping_signal()) })
    }

    pub(crate) fn resume(&self) {
        let _ = kill_process_group(self.group, Signal::CONT);
    }

    pub(crate) fn terminate(&self) {
        let _ = kill_process_group(self.group, Signal::TERM);
        self.resume();
    }

    /// Kills the whole group, its watchdog included, and waits for the child.
    pub(crate) fn kill(&self) {
        let _ = kill_process_group(self.group, Signal::KILL);
        let _ = waitpid(Some(self.pid), WaitOptions::empty());
    }
}

pub(super) fn wants_terminal(stopping_signal: Option<i32>) -> bool {
    [Signal::TTIN, Signal::TTOU].iter().any(|signal| Some(signal.as_raw()) == stopping_signal)
}

/// Stops this process's whole job, as if its terminal or Ctrl-Z had done so.
pub(crate) fn stop_own_job(wants_terminal: bool) {
    signal_own_group(if wants_terminal { Signal::TTIN } else { Signal::TSTP });
}

/// Passes a Ctrl-C that ended a helper on to this process and to those beside it in a
/// pipeline: it reached the helper alone, which had the terminal.
pub(crate) fn forward_keyboard_signal(helper: ExitStatus) {
    let from_keyboard = [Signal::INT, Signal::QUIT];
    let signal = from_keyboard.into_iter().find(|signal| helper.signal() == Some(signal.as_raw()));
    if let Some(signal) = signal {
        signal_own_group(signal);
    }
}

fn signal_own_group(signal: Signal) {
    if let Some(group) = own_group() {
        let _ = kill_process_group(group, signal);
    }
}

pub(crate) fn set_nonblocking(pipe: &ChildStdout) -> io::Result<()> {
    Ok(fcntl_setfl(pipe, fcntl_getfl(pipe)? | OFlags::NONBLOCK)?)
}
