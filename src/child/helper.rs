//! A helper: a program that is run for its output.

mod output;

use std::fmt;
use std::io::{self, IsTerminal};
use std::process::{ChildStdout, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use zeroize::Zeroizing;

use output::HelperOutput;

use super::Program;
use crate::clock::Reading;
use crate::context::Clock;
use crate::error::Error;
use crate::platform::{
    HelperProcess, HelperState, ProcessGroup, Terminal, Watchdog, forward_keyboard_signal,
    stop_own_job,
};
use crate::sync;

/// A program that is run for its output. It shares this process's standard error. Its
/// standard input is the terminal where it may prompt, and otherwise empty: the standard
/// input of this process may carry data.
pub(crate) struct Helper<'a> {
    pub(crate) program: &'a Program,
    pub(crate) prompt: Prompt,
    /// Without the time for which a person has stopped the program.
    pub(crate) timeout: Duration,
    pub(crate) max_output_bytes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prompt {
    Allowed,
    /// A helper that reads from the terminal, which another program has, is ended.
    Forbidden,
}

/// A failed helper. `Display` is one line, without the helper's output.
#[derive(Debug)]
pub(crate) enum HelperError {
    Io(io::Error),
    Start(Error),
    Failed(ExitStatus),
    TimedOut(Duration),
    TooLong(usize),
    /// The program was ended because it wanted a terminal that it may not have.
    PromptedOnTerminal,
}

const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Time for a graceful end, and for output of a process that the helper left behind.
const GRACE_PERIOD: Duration = Duration::from_millis(500);

static TERMINAL: Mutex<()> = Mutex::new(());

impl Helper<'_> {
    /// Runs the program, and returns its output up to its end. A process that it leaves
    /// behind in the background is left alone and not waited for.
    ///
    /// # Errors
    /// [`HelperError`]. All that the program has started is ended first, unless it failed
    /// by itself.
    pub(crate) fn run(&self, clock: &dyn Clock) -> Result<Zeroizing<Vec<u8>>, HelperError> {
        let _lock: Option<MutexGuard<'_, ()>> = match self.prompt {
            Prompt::Allowed => Some(sync::lock(&TERMINAL)),
            Prompt::Forbidden => None,
        };
        let mut watchdog = Watchdog::start().map_err(HelperError::Start)?;
        let group = watchdog.group();
        let mut terminal = Terminal::for_group(group);
        // Before the helper starts, so that it never finds itself in the background.
        let has_terminal = self.prompt == Prompt::Allowed && terminal.give_foreground();
        if has_terminal {
            watchdog.restore_terminal();
        }
        let result = self.start(group, &terminal, &mut watchdog).and_then(|(process, stdout)| {
            let output = HelperOutput::new(stdout, self.max_output_bytes)?;
            let start = clock.read();
            let terminal = &mut terminal;
            RunningHelper { helper: self, process, terminal, output, start, clock }.finish()
        });
        terminal.reclaim_foreground();
        if result.is_err() {
            terminal.restore_modes();
        }
        watchdog.disarm();
        if let Err(HelperError::Failed(status)) = &result
            && has_terminal
        {
            forward_keyboard_signal(*status);
        }
        result
    }

    fn start(
        &self,
        group: ProcessGroup,
        terminal: &Terminal,
        watchdog: &mut Watchdog,
    ) -> Result<(HelperProcess, ChildStdout), HelperError> {
        let stdin = || match self.prompt {
            Prompt::Forbidden => Stdio::null(),
            Prompt::Allowed => match terminal.input() {
                Some(tty) => tty.into(),
                None if io::stdin().is_terminal() => Stdio::inherit(),
                None => Stdio::null(),
            },
        };
        let spawned = self.program.spawn(group, |command| {
            command.stdin(stdin()).stdout(Stdio::piped());
            if self.prompt == Prompt::Forbidden {
                // By its name, gpg would open the terminal by itself.
                command.env_remove("GPG_TTY");
            }
        });
        let mut child = spawned.map_err(HelperError::Start)?;
        let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        watchdog.kill_on_exit(&child);
        Ok((HelperProcess::new(&child, group), stdout))
    }
}

struct RunningHelper<'a> {
    helper: &'a Helper<'a>,
    process: HelperProcess,
    terminal: &'a mut Terminal,
    output: HelperOutput,
    start: Reading,
    clock: &'a dyn Clock,
}

impl RunningHelper<'_> {
    fn finish(mut self) -> Result<Zeroizing<Vec<u8>>, HelperError> {
        let failure = match self.wait_for_exit() {
            Ok(status) if status.success() => return self.output.into_bytes(self.clock),
            Ok(status) => return Err(HelperError::Failed(status)),
            Err(failure) => failure,
        };
        self.end_group();
        Err(failure)
    }

    fn wait_for_exit(&mut self) -> Result<ExitStatus, HelperError> {
        loop {
            self.output.read_available()?;
            match self.process.state()? {
                HelperState::Stopped { wants_terminal } => self.on_stopped(wants_terminal)?,
                HelperState::Exited(status) => return Ok(status),
                HelperState::Running if self.has_timed_out() => {
                    return Err(HelperError::TimedOut(self.helper.timeout));
                }
                HelperState::Running => self.clock.sleep(POLL_INTERVAL),
            }
        }
    }

    fn has_timed_out(&self) -> bool {
        let timeout = self.helper.timeout.try_into().unwrap_or(jiff::SignedDuration::MAX);
        self.clock.read().boot.saturating_sub(self.start.boot) > timeout
    }

    /// Handles a helper that stopped by Ctrl-Z, or because it wants a terminal that its
    /// group does not have.
    fn on_stopped(&mut self, wants_terminal: bool) -> Result<(), HelperError> {
        let prompt = if self.terminal.exists() { self.helper.prompt } else { Prompt::Forbidden };
        match (prompt, wants_terminal) {
            (Prompt::Forbidden, true) => return Err(HelperError::PromptedOnTerminal),
            // The person who stopped it may continue it, within the timeout.
            (Prompt::Forbidden, false) => return Ok(()),
            // In the meantime this process was brought to the foreground.
            (Prompt::Allowed, true) if self.terminal.give_foreground() => {}
            (Prompt::Allowed, _) => {
                self.terminal.reclaim_foreground();
                // As if the whole job had been stopped, until it is brought back.
                stop_own_job(wants_terminal);
                if !self.terminal.give_foreground() && wants_terminal {
                    return Err(HelperError::PromptedOnTerminal);
                }
                self.start = self.clock.read();
            }
        }
        self.process.resume();
        Ok(())
    }

    fn end_group(&self) {
        self.process.terminate();
        let mut left = GRACE_PERIOD;
        while matches!(self.process.state(), Ok(HelperState::Running)) && !left.is_zero() {
            self.clock.sleep(POLL_INTERVAL);
            left = left.saturating_sub(POLL_INTERVAL);
        }
        self.process.kill();
    }
}

impl fmt::Display for HelperError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HelperError::Io(error) => error.fmt(f),
            HelperError::Start(error) => f.write_str(&error.one_line()),
            HelperError::Failed(status) => status.fmt(f),
            HelperError::TimedOut(timeout) => write!(f, "it took longer than {timeout:?}"),
            HelperError::TooLong(max) => write!(f, "it printed more than {max} bytes"),
            HelperError::PromptedOnTerminal => {
                f.write_str("it prompted on the terminal, which is not available now")
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

#[cfg(test)]
mod tests;
