//! Questions to a person at the terminal, with or without echo.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
use signal_hook::{flag, low_level};
use zeroize::Zeroizing;

pub(crate) struct TerminalPrompt {
    tty: File,
    signals: Option<HiddenSignals>,
}

impl TerminalPrompt {
    pub(crate) fn open() -> io::Result<TerminalPrompt> {
        let tty = File::options().read(true).write(true).open("/dev/tty")?;
        Ok(TerminalPrompt { tty, signals: None })
    }

    pub(crate) fn show(&mut self, text: &str) -> io::Result<()> {
        self.tty.write_all(text.as_bytes())
    }

    /// Returns a line without its end, or `None` at the end of input.
    pub(crate) fn read_line(&mut self) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        read_line(&self.tty)
    }

    /// Like [`TerminalPrompt::read_line`], without echo. Input from before `question` is shown,
    /// and the rest of what is pasted after the line, is discarded. A signal that ends or
    /// stops the process takes effect once the echo is restored.
    pub(crate) fn read_hidden_line(
        &mut self,
        question: &str,
    ) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        let signals = match self.signals.take() {
            Some(signals) => signals,
            None => HiddenSignals::listen()?,
        };
        let signals = self.signals.insert(signals);
        loop {
            let hidden = HiddenEcho::begin(&self.tty)?;
            signals.begin();
            (&self.tty).write_all(question.as_bytes())?;
            let signal = signals.wait_for_input(&self.tty);
            let line = match signal {
                Ok(None) => Some(read_line(&self.tty)),
                Ok(Some(_)) | Err(_) => None,
            };
            drop(hidden);
            signals.end();
            // The line's end was not echoed.
            (&self.tty).write_all(b"\n")?;
            match (line, signal?) {
                (Some(line), _) => return line,
                // Returns after a stop only.
                (None, Some(signal)) => low_level::emulate_default_handler(signal)?,
                (None, None) => {}
            }
        }
    }
}

struct HiddenEcho<'a> {
    tty: &'a File,
    modes: Termios,
}

impl HiddenEcho<'_> {
    fn begin(tty: &File) -> io::Result<HiddenEcho<'_>> {
        let modes = tcgetattr(tty)?;
        let mut hidden = modes.clone();
        hidden.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL);
        tcsetattr(tty, OptionalActions::Flush, &hidden)?;
        Ok(HiddenEcho { tty, modes })
    }
}

impl Drop for HiddenEcho<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.tty, OptionalActions::Flush, &self.modes);
    }
}

/// Signals whose effect waits while the echo is off. At any other time they act as usual.
struct HiddenSignals {
    is_visible: Arc<AtomicBool>,
    last: Arc<AtomicUsize>,
    wake: UnixStream,
}

impl HiddenSignals {
    fn listen() -> io::Result<HiddenSignals> {
        let (wake, write) = UnixStream::pair()?;
        for end in [&wake, &write] {
            end.set_nonblocking(true)?;
        }
        let (is_visible, last) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
        for signal in [SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGTSTP] {
            flag::register_conditional_default(signal, is_visible.clone())?;
            flag::register_usize(signal, last.clone(), signal as usize)?;
            low_level::pipe::register(signal, write.try_clone()?)?;
        }
        Ok(HiddenSignals { is_visible, last, wake })
    }

    fn begin(&self) {
        while (&self.wake).read(&mut [0; 64]).is_ok_and(|length| length > 0) {}
        self.last.store(0, Ordering::SeqCst);
        self.is_visible.store(false, Ordering::SeqCst);
    }

    fn end(&self) {
        self.is_visible.store(true, Ordering::SeqCst);
    }

    /// Waits for a line; returns the signal that came first.
    fn wait_for_input(&self, tty: &File) -> io::Result<Option<i32>> {
        loop {
            let mut ready =
                [PollFd::new(&self.wake, PollFlags::IN), PollFd::new(tty, PollFlags::IN)];
            match poll(&mut ready, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            let signal = self.last.load(Ordering::SeqCst) as i32;
            if signal != 0 {
                return Ok(Some(signal));
            }
            if !ready[1].revents().is_empty() {
                return Ok(None);
            }
        }
    }
}

/// Longer than a line that the terminal edits can be.
const MAX_BYTES: usize = 64 << 10;

fn read_line(tty: &File) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_BYTES));
    let mut bytes = Zeroizing::new([0; 4096]);
    while line.len() + bytes.len() <= MAX_BYTES {
        let mut tty = tty;
        match tty.read(&mut bytes[..]) {
            Ok(0) if line.is_empty() => return Ok(None),
            Ok(0) => break,
            Ok(length) => line.extend_from_slice(&bytes[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if line.ends_with(b"\n") {
            line.pop();
            break;
        }
    }
    Ok(Some(line))
}
