//! When a command that serves comes to its end, or reads its secret again.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use crate::context::{Context, is_ignored, leave_signals_to_their_listener};

/// SIGINT and SIGTERM, the end of the terminal, and the end of standard input
/// where that is asked for. SIGHUP, otherwise, is a request to reload.
pub(super) struct Stop {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    /// Whether the end of the terminal, which SIGHUP tells of as well, ends the
    /// command: it has one, and was not started by nohup(1).
    ends_with_terminal: bool,
    stdin: Option<oneshot::Receiver<()>>,
}

/// After a hangup, a terminal that goes away has gone by then.
const SETTLING: Duration = Duration::from_secs(1);

impl Stop {
    /// Listens. Within a runtime: from here on, a signal ends the command in
    /// good order.
    pub(super) fn listen() -> io::Result<Stop> {
        let stop = Stop {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            ends_with_terminal: has_terminal() && !is_ignored(rustix::process::Signal::HUP),
            hangup: signal(SignalKind::hangup())?,
            stdin: None,
        };
        leave_signals_to_their_listener();
        Ok(stop)
    }

    /// Watches standard input as well. The thread that reads it may outlive
    /// the command: a blocked read cannot be called off.
    pub(super) fn or_end_of_stdin(mut self, context: &mut Context) -> Stop {
        let stdin = context.take_stdin();
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

    /// Returns when it is time. Until then, reloads when told to.
    pub(super) async fn come_or<F: Future<Output = ()>>(&mut self, reload: impl Fn() -> F) {
        let stdin = self.stdin.take();
        let stdin_closes = async {
            match stdin {
                Some(closed) => drop(closed.await),
                None => std::future::pending().await,
            }
        };
        tokio::pin!(stdin_closes);
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => return,
                _ = self.terminate.recv() => return,
                () = &mut stdin_closes => return,
                _ = self.hangup.recv() => {
                    let lost_terminal = || self.ends_with_terminal && !has_terminal();
                    if lost_terminal() {
                        return;
                    }
                    let reload = async {
                        reload().await;
                        // A shell that ends says so before it does.
                        tokio::time::sleep(SETTLING).await;
                    };
                    // Whoever wants it to end does not wait for that.
                    tokio::select! {
                        () = reload => if lost_terminal() {
                            return;
                        },
                        _ = self.interrupt.recv() => return,
                        _ = self.terminate.recv() => return,
                        () = &mut stdin_closes => return,
                    }
                }
            }
        }
    }

    /// Returns when it is time, and has nothing to reload.
    pub(super) async fn come(&mut self) {
        self.come_or(|| std::future::ready(())).await;
    }
}

/// Whether there is a controlling terminal.
fn has_terminal() -> bool {
    std::fs::File::open("/dev/tty").is_ok()
}
