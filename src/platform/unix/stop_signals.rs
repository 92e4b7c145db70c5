//! Signals that stop a server, or have it reload.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::signals::{disable_exit_on_signals, is_ignored};

pub(crate) struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    /// SIGHUP also reports the end of the terminal, which stops a server that has one
    /// and was not started by nohup(1).
    ends_with_terminal: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StopSignal {
    Stop,
    Reload,
}

impl StopSignals {
    /// Within a runtime. From now on, signals no longer end the process by themselves.
    pub(crate) fn listen() -> io::Result<StopSignals> {
        let signals = StopSignals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            ends_with_terminal: has_terminal() && !is_ignored(rustix::process::Signal::HUP),
            hangup: signal(SignalKind::hangup())?,
        };
        disable_exit_on_signals();
        Ok(signals)
    }

    pub(crate) async fn next(&mut self) -> StopSignal {
        tokio::select! {
            () = stop_requested(&mut self.interrupt, &mut self.terminate) => StopSignal::Stop,
            _ = self.hangup.recv() => {
                if self.has_lost_terminal() { StopSignal::Stop } else { StopSignal::Reload }
            }
        }
    }

    /// Waits for SIGINT or SIGTERM. A SIGHUP is left to [`StopSignals::next`].
    pub(crate) async fn stop_requested(&mut self) {
        stop_requested(&mut self.interrupt, &mut self.terminate).await;
    }

    /// Returns whether the process had a terminal at first and has none any more.
    pub(crate) fn has_lost_terminal(&self) -> bool {
        self.ends_with_terminal && !has_terminal()
    }
}

/// Signals that reach the whole process group of Terraform, which decides on the end of
/// its plugins.
pub(crate) struct BackgroundSignals([Signal; 3]);

impl BackgroundSignals {
    /// Within a runtime. From now on, signals no longer end the process by themselves.
    pub(crate) fn listen() -> io::Result<BackgroundSignals> {
        let signals = BackgroundSignals([
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
        ]);
        disable_exit_on_signals();
        Ok(signals)
    }

    pub(crate) async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            () = stop_requested(interrupt, terminate) => {}
            _ = hangup.recv() => {}
        }
    }
}

async fn stop_requested(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

fn has_terminal() -> bool {
    std::fs::File::open("/dev/tty").is_ok()
}
