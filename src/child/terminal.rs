//! The controlling terminal's foreground: who reads from it, and whom its
//! Ctrl-C and Ctrl-Z reach (POSIX.1-2017, XBD 11.1).

use std::fs::File;
use std::io;

use nix::sys::signal::{SigSet, Signal};
use rustix::io::Errno;
use rustix::process::{Pid, getpid, test_kill_process_group};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr, tcsetpgrp};

use crate::context::with_blocked;
use crate::pid_namespace::own_group;

/// The terminal, as it is lent to the command's process group.
pub(crate) struct Terminal {
    /// `None` where the process has no controlling terminal.
    tty: Option<File>,
    ours: Pid,
    theirs: Pid,
    lent: bool,
    /// The terminal's modes when it was lent first.
    modes: Option<Termios>,
}

impl Terminal {
    /// The process's terminal, to be lent to the group `theirs`.
    pub(crate) fn for_group(theirs: Pid) -> Terminal {
        let open = || File::options().read(true).write(true).open("/dev/tty").ok();
        // A group that has no number here cannot get the terminal back.
        let ours = own_group();
        let tty = ours.and_then(|_| open());
        Terminal { tty, ours: ours.unwrap_or(getpid()), theirs, lent: false, modes: None }
    }

    /// Whether the process has a controlling terminal that it could lend.
    pub(crate) fn exists(&self) -> bool {
        self.tty.is_some()
    }

    /// Hands the foreground over, if it is ours; returns whether it was. A job in
    /// the background takes it from nobody.
    pub(crate) fn lend(&mut self) -> bool {
        let ours = self.foreground() == Some(self.ours);
        if ours {
            if self.modes.is_none() {
                self.modes = self.tty.as_ref().and_then(|tty| tcgetattr(tty).ok());
            }
            self.lent = self.set(self.theirs).is_ok();
        }
        ours
    }

    /// Takes back what was lent. What has gone to another group since is that
    /// group's, unless there is no such group any more.
    pub(crate) fn take_back(&mut self) {
        if !std::mem::take(&mut self.lent) {
            return;
        }
        let is_theirs =
            |group| group == self.theirs || test_kill_process_group(group) == Err(Errno::SRCH);
        if self.foreground().is_some_and(is_theirs) {
            let _ = self.set(self.ours);
        }
    }

    /// Sets it as it was before it was lent: whoever was killed while asking for
    /// a password has left it without an echo. For the foreground alone.
    pub(crate) fn restore_modes(&self) {
        if self.foreground() == Some(self.ours)
            && let (Some(tty), Some(modes)) = (&self.tty, &self.modes)
        {
            let _ = with_blocked(SigSet::from(Signal::SIGTTOU), || {
                Ok(tcsetattr(tty, OptionalActions::Drain, modes)?)
            });
        }
    }

    /// Another handle of it, to read from; `None` without a terminal.
    pub(crate) fn input(&self) -> Option<File> {
        self.tty.as_ref()?.try_clone().ok()
    }

    fn foreground(&self) -> Option<Pid> {
        tcgetpgrp(self.tty.as_ref()?).ok()
    }

    /// Whoever does this from the background is stopped for it, unless SIGTTOU
    /// is blocked.
    fn set(&self, group: Pid) -> io::Result<()> {
        let tty = self.tty.as_ref().ok_or(io::ErrorKind::NotFound)?;
        with_blocked(SigSet::from(Signal::SIGTTOU), || Ok(tcsetpgrp(tty, group)?))
    }
}
