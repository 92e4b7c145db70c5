//! The end of a command that serves, and its requests to reload.

use std::io;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::context::StandardInput;
use crate::platform::{StopSignal, StopSignals};

/// Waits for a signal, the end of the terminal, or the end of standard input if that is
/// asked for.
pub(super) struct Stop {
    signals: StopSignals,
    stdin: Option<oneshot::Receiver<()>>,
}

/// The time in which a terminal disappears after its hangup.
const HANGUP_DELAY: Duration = Duration::from_secs(1);

impl Stop {
    /// Within a runtime. From now on, a signal ends the command gracefully.
    pub(super) fn listen() -> io::Result<Stop> {
        Ok(Stop { signals: StopSignals::listen()?, stdin: None })
    }

    /// Also watches standard input. The thread that reads it may outlive the command: a
    /// blocked read cannot be cancelled.
    pub(super) fn or_end_of_stdin(mut self, stdin: &mut StandardInput) -> Stop {
        let stdin = stdin.take();
        let (closed, receiver) = oneshot::channel();
        std::thread::spawn(move || {
            if let Some(mut stdin) = stdin {
                let _ = io::copy(&mut stdin, &mut io::sink());
            }
            let _ = closed.send(());
        });
        self.stdin = Some(receiver);
        self
    }

    /// Returns when the command has to end. Until then, calls `reload` on request. Watches
    /// standard input in the first call only.
    pub(super) async fn wait_or_reload<F: Future<Output = ()>>(&mut self, reload: impl Fn() -> F) {
        let mut stdin = self.stdin.take();
        while next_signal(&mut self.signals, &mut stdin).await == StopSignal::Reload {
            let reload = async {
                reload().await;
                // A shell sends the hangup before it closes its terminal.
                tokio::time::sleep(HANGUP_DELAY).await;
            };
            tokio::select! {
                () = reload => if self.signals.has_lost_terminal() {
                    return;
                },
                // A request to end does not wait for the reload.
                () = self.signals.stop_requested() => return,
                () = stdin_closed(&mut stdin) => return,
            }
        }
    }

    /// Returns when the command, which has nothing to reload, has to end.
    pub(super) async fn wait(&mut self) {
        self.wait_or_reload(|| std::future::ready(())).await;
    }
}

async fn next_signal(
    signals: &mut StopSignals,
    stdin: &mut Option<oneshot::Receiver<()>>,
) -> StopSignal {
    tokio::select! {
        signal = signals.next() => signal,
        () = stdin_closed(stdin) => StopSignal::Stop,
    }
}

/// Waits for ever if nobody watches standard input.
async fn stdin_closed(stdin: &mut Option<oneshot::Receiver<()>>) {
    match stdin {
        Some(closed) => drop(closed.await),
        None => std::future::pending().await,
    }
}
