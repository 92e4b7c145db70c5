//! When a command that serves comes to its end.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use crate::world::World;

/// SIGINT and SIGTERM, and the end of standard input where that is asked for.
pub(super) struct Stop {
    interrupt: Signal,
    terminate: Signal,
    stdin: Option<oneshot::Receiver<()>>,
}

impl Stop {
    /// Listens. Within a runtime: from here on, a signal ends the command in
    /// good order.
    pub(super) fn listen() -> io::Result<Stop> {
        Ok(Stop {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            stdin: None,
        })
    }

    /// Watches standard input as well. The thread that reads it may outlive
    /// the command: a blocked read cannot be called off.
    pub(super) fn or_end_of_stdin(mut self, world: &mut World) -> Stop {
        let stdin = world.take_stdin();
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

    /// Returns when it is time.
    pub(super) async fn come(&mut self) {
        let stdin = self.stdin.take();
        let stdin_closes = async {
            match stdin {
                Some(closed) => drop(closed.await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            () = stdin_closes => {}
        }
    }
}
