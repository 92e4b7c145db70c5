//! A helper: a program that is run for what it prints.

mod output;

use std::fmt;
use std::io::{self, IsTerminal};
use std::os::unix::process::ExitStatusExt;
use std::process::{ChildStdout, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process_group, waitpid};
use zeroize::Zeroizing;

use output::Output;

use super::{Program, Terminal, Watchdog};
use crate::clock::Reading;
use crate::context::Clock;
use crate::error::Error;
use crate::pid_namespace::own_group;
use crate::sync;

/// A program that is run for what it prints. It shares our standard error. Its standard
/// input is the terminal where it may ask there, and empty elsewhere, because ours belongs
/// to somebody else.
pub struct Helper<'a> {
    /// The program with its arguments.
    pub program: &'a Program,
    /// Whether the program may ask a person.
    pub prompt: Prompt,
    /// The time limit. Time for which a person has stopped the program does not count.
    pub limit: Duration,
    /// The highest number of bytes that the program may print.
    pub longest: usize,
}

/// Whether a helper may ask on the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    /// The terminal, where there is one, is lent to it.
    Allowed,
    /// The terminal is somebody else's: a helper that reads from it is ended.
    Forbidden,
}

/// The reason why a helper gave nothing. `Display` is one line, without what it printed.
#[derive(Debug)]
pub enum HelperError {
    /// The program cannot be waited for.
    Io(io::Error),
    /// The program, or its watchdog, cannot be started.
    Start(Error),
    /// The program failed, or a signal ended it.
    Failed(ExitStatus),
    /// The program took longer than this, and was ended with all that it had started.
    TimedOut(Duration),
    /// The program printed more than this, and was ended likewise.
    TooLong(usize),
    /// The program asked on a terminal that it may not have, and was ended likewise.
    AskedOnTerminal,
}

/// The time between two looks at the program.
const STEP: Duration = Duration::from_millis(5);

/// Time for a graceful end, and for output that its last child still writes.
const GRACE: Duration = Duration::from_millis(500);

/// Held by the one helper that has the terminal.
static TERMINAL: Mutex<()> = Mutex::new(());

impl Helper<'_> {
    /// Runs it, and returns what it has printed by its end. A process that it
    /// leaves behind in the background is left alone and not waited for.
    ///
    /// # Errors
    /// [`HelperError`]. Whatever it has started is ended first, unless it failed
    /// by itself.
    pub fn output(&self, clock: &dyn Clock) -> Result<Zeroizing<Vec<u8>>, HelperError> {
        let _turn: Option<MutexGuard<'_, ()>> = match self.prompt {
            Prompt::Allowed => Some(sync::lock(&TERMINAL)),
            Prompt::Forbidden => None,
        };
        let mut watchdog = Watchdog::start().map_err(HelperError::Start)?;
        let group = watchdog.group();
        let mut terminal = Terminal::for_group(group);
        // Before there is a helper, which thus never finds itself without it.
        let has_terminal = self.prompt == Prompt::Allowed && terminal.lend();
        if has_terminal {
            watchdog.gives_terminal_back();
        }
        let ended = self.start(group, &terminal).and_then(|(pid, stdout)| {
            watchdog.guard(pid);
            let output = Output::of(stdout, self.longest)?;
            let start = clock.read();
            Running { helper: self, pid, group, terminal: &mut terminal, output, start, clock }
                .finish()
        });
        terminal.take_back();
        if ended.is_err() {
            terminal.restore_modes();
        }
        watchdog.dismiss();
        if let Err(HelperError::Failed(status)) = &ended
            && has_terminal
        {
            pass_on_interrupt(*status);
        }
        ended
    }

    fn start(&self, group: Pid, terminal: &Terminal) -> Result<(Pid, ChildStdout), HelperError> {
        let stdin = || match self.prompt {
            Prompt::Forbidden => Stdio::null(),
            Prompt::Allowed => match terminal.input() {
                Some(tty) => tty.into(),
                None if io::stdin().is_terminal() => Stdio::inherit(),
                None => Stdio::null(),
            },
        };
        let child = self.program.spawn(group, |command| {
            command.stdin(stdin()).stdout(Stdio::piped());
            if self.prompt == Prompt::Forbidden {
                // By its name, gpg would ask on a terminal without asking for it.
                command.env_remove("GPG_TTY");
            }
        });
        let mut child = child.map_err(HelperError::Start)?;
        let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok((Pid::from_child(&child), stdout))
    }
}

/// A Ctrl-C at a helper's prompt reached the helper alone. It was meant for this
/// process, and for those beside it in a pipeline, too.
fn pass_on_interrupt(status: ExitStatus) {
    let signals = [Signal::INT, Signal::QUIT];
    let signal = signals.into_iter().find(|signal| status.signal() == Some(signal.as_raw()));
    if let Some(signal) = signal {
        signal_own_group(signal);
    }
}

fn signal_own_group(signal: Signal) {
    if let Some(group) = own_group() {
        let _ = kill_process_group(group, signal);
    }
}

struct Running<'a> {
    helper: &'a Helper<'a>,
    pid: Pid,
    group: Pid,
    terminal: &'a mut Terminal,
    output: Output,
    start: Reading,
    clock: &'a dyn Clock,
}

impl Running<'_> {
    fn finish(mut self) -> Result<Zeroizing<Vec<u8>>, HelperError> {
        let failure = match self.wait() {
            Ok(status) if status.success() => return self.output.into_bytes(self.clock),
            Ok(status) => return Err(HelperError::Failed(status)),
            Err(failure) => failure,
        };
        self.end();
        Err(failure)
    }

    fn wait(&mut self) -> Result<ExitStatus, HelperError> {
        loop {
            self.output.read()?;
            match self.look()? {
                Some(status) if status.stopped() => self.stopped(status)?,
                Some(status) => return Ok(ExitStatus::from_raw(status.as_raw())),
                None if self.has_timed_out() => {
                    return Err(HelperError::TimedOut(self.helper.limit));
                }
                None => self.clock.sleep(STEP),
            }
        }
    }

    fn look(&self) -> io::Result<Option<WaitStatus>> {
        let options = WaitOptions::NOHANG | WaitOptions::UNTRACED;
        Ok(waitpid(Some(self.pid), options)?.map(|(_, status)| status))
    }

    fn has_timed_out(&self) -> bool {
        let limit = self.helper.limit.try_into().unwrap_or(jiff::SignedDuration::MAX);
        self.clock.read().boot.saturating_sub(self.start.boot) > limit
    }

    /// Handles a helper that was stopped: by Ctrl-Z, or because it wants a terminal that its group
    /// does not have.
    fn stopped(&mut self, status: WaitStatus) -> Result<(), HelperError> {
        let wants_terminal = [Signal::TTIN, Signal::TTOU]
            .iter()
            .any(|signal| Some(signal.as_raw()) == status.stopping_signal());
        let prompt = if self.terminal.exists() { self.helper.prompt } else { Prompt::Forbidden };
        match (prompt, wants_terminal) {
            (Prompt::Forbidden, true) => return Err(HelperError::AskedOnTerminal),
            // Whoever has stopped it may continue it, within the limit.
            (Prompt::Forbidden, false) => return Ok(()),
            // In the meantime this process was brought to the foreground.
            (Prompt::Allowed, true) if self.terminal.lend() => {}
            (Prompt::Allowed, _) => {
                self.terminal.take_back();
                // As if the whole job had been stopped, until it is brought back.
                let signal = if wants_terminal { Signal::TTIN } else { Signal::TSTP };
                signal_own_group(signal);
                if !self.terminal.lend() && wants_terminal {
                    return Err(HelperError::AskedOnTerminal);
                }
                self.start = self.clock.read();
            }
        }
        let _ = kill_process_group(self.group, Signal::CONT);
        Ok(())
    }

    /// Ends the helper and all that it has started.
    fn end(&self) {
        let _ = kill_process_group(self.group, Signal::TERM);
        let _ = kill_process_group(self.group, Signal::CONT);
        let mut left = GRACE;
        while matches!(self.look(), Ok(None)) && !left.is_zero() {
            self.clock.sleep(STEP);
            left = left.saturating_sub(STEP);
        }
        let _ = kill_process_group(self.group, Signal::KILL);
        let _ = waitpid(Some(self.pid), WaitOptions::empty());
    }
}

impl fmt::Display for HelperError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HelperError::Io(error) => error.fmt(f),
            HelperError::Start(error) => f.write_str(&error.one_line()),
            HelperError::Failed(status) => status.fmt(f),
            HelperError::TimedOut(limit) => write!(f, "it took longer than {limit:?}"),
            HelperError::TooLong(longest) => write!(f, "it printed more than {longest} bytes"),
            HelperError::AskedOnTerminal => {
                f.write_str("it asked on the terminal, which is not to be had at this moment")
            }
        }
    }
}

impl std::error::Error for HelperError {}

impl From<io::Error> for HelperError {
    fn from(error: io::Error) -> HelperError {
        HelperError::Io(error)
    }
}

impl From<io::ErrorKind> for HelperError {
    fn from(kind: io::ErrorKind) -> HelperError {
        HelperError::Io(kind.into())
    }
}

impl From<Errno> for HelperError {
    fn from(errno: Errno) -> HelperError {
        HelperError::Io(errno.into())
    }
}

#[cfg(test)]
mod tests;
