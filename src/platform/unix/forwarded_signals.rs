//! The signals that this process gets in its command's place.

use std::future::poll_fn;
use std::io;
use std::task::Poll;

use rustix::process::Signal;
use tokio::signal::unix::{self, SignalKind, signal};

use super::signals::{disable_exit_on_signals, is_ignored};
use crate::error::{Error, Kind, Result};

pub(super) enum SignalEvent {
    Forward(Signal),
    /// SIGCHLD: the command has stopped or ended.
    ChildChanged,
}

pub(crate) struct ForwardedSignals {
    forwarded: Vec<(Signal, unix::Signal)>,
    child: unix::Signal,
}

/// SIGCONT is not among them: the command continues when this process does.
const FORWARDED: [Signal; 7] = [
    Signal::INT,
    Signal::TERM,
    Signal::HUP,
    Signal::QUIT,
    Signal::USR1,
    Signal::USR2,
    Signal::TSTP,
];

impl ForwardedSignals {
    /// Within a runtime. From now on, none of them ends or stops this process by itself. An ignored signal
    /// stays ignored, as for a job of nohup(1), and the child inherits that.
    pub(crate) fn listen() -> Result<ForwardedSignals> {
        ForwardedSignals::open().map_err(cannot_supervise)
    }

    fn open() -> io::Result<ForwardedSignals> {
        let child = signal(SignalKind::child())?;
        let listen = |forwarded: Signal| {
            signal(SignalKind::from_raw(forwarded.as_raw())).map(|stream| (forwarded, stream))
        };
        let heard = FORWARDED.into_iter().filter(|signal| !is_ignored(*signal));
        let forwarded = heard.map(listen).collect::<io::Result<_>>()?;
        disable_exit_on_signals();
        Ok(ForwardedSignals { forwarded, child })
    }

    /// Waits until this process is to end before it has a command. Returns the exit code of a
    /// command that the signal has ended.
    pub(crate) async fn termination(&mut self) -> u8 {
        loop {
            match self.next().await {
                SignalEvent::Forward(Signal::TSTP) | SignalEvent::ChildChanged => {}
                SignalEvent::Forward(signal) => {
                    return u8::try_from(128 + signal.as_raw()).unwrap_or(u8::MAX);
                }
            }
        }
    }

    pub(super) async fn next(&mut self) -> SignalEvent {
        poll_fn(|context| {
            for (signal, stream) in &mut self.forwarded {
                if stream.poll_recv(context).is_ready() {
                    return Poll::Ready(SignalEvent::Forward(*signal));
                }
            }
            self.child.poll_recv(context).map(|_| SignalEvent::ChildChanged)
        })
        .await
    }
}

pub(super) fn cannot_supervise(error: io::Error) -> Error {
    Error::new(Kind::System, "cannot supervise the command").with_source(error)
}
