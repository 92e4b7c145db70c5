//! The signals that gc-token gets in its command's place.

use std::future::poll_fn;
use std::io;
use std::task::Poll;

use rustix::process::Signal;
use tokio::signal::unix::{self, SignalKind, signal};

use crate::context::{is_ignored, leave_signals_to_their_listener};

/// What has happened.
pub(super) enum Event {
    /// A signal came that is meant for the command.
    Signal(Signal),
    /// The child has stopped or ended.
    Child,
}

/// The signals, from the moment on at which they are listened to.
pub(super) struct Signals {
    meant: Vec<(Signal, unix::Signal)>,
    child: unix::Signal,
}

/// What is passed on. SIGCONT is not among them: it goes on where it stopped.
const PASSED_ON: [Signal; 7] = [
    Signal::INT,
    Signal::TERM,
    Signal::HUP,
    Signal::QUIT,
    Signal::USR1,
    Signal::USR2,
    Signal::TSTP,
];

impl Signals {
    /// From here on no signal ends or stops this process by itself. What is
    /// ignored stays so, as for a job of nohup(1), and the child inherits that.
    pub(super) fn listen() -> io::Result<Signals> {
        let child = signal(SignalKind::child())?;
        let is_heard = |signal: &Signal| !is_ignored(*signal);
        let listen =
            |it: Signal| signal(SignalKind::from_raw(it.as_raw())).map(|stream| (it, stream));
        let meant = PASSED_ON.into_iter().filter(is_heard).map(listen);
        let signals = Signals { meant: meant.collect::<io::Result<_>>()?, child };
        leave_signals_to_their_listener();
        Ok(signals)
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) -> Event {
        poll_fn(|context| {
            for (signal, stream) in &mut self.meant {
                if stream.poll_recv(context).is_ready() {
                    return Poll::Ready(Event::Signal(*signal));
                }
            }
            self.child.poll_recv(context).map(|_| Event::Child)
        })
        .await
    }
}
