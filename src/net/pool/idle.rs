//! Connections that wait for a request.

use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

use hyper::client::conn::{http1, http2};

use crate::sync;

/// Those to one host.
pub(super) struct IdleConnections<B>(Mutex<State<B>>);

/// Something to send a request by.
pub(super) enum Connection<B> {
    /// HTTP/1.1: for one request at a time.
    Http1(http1::SendRequest<B>),
    /// HTTP/2: for many of them.
    Http2(http2::SendRequest<B>, StreamPermit),
}

/// A request's place on a shared connection, until its answer has come to its end.
pub(super) struct StreamPermit(Arc<Streams>);

/// The requests under way on a shared connection. They count by holding it.
struct Streams {
    allowed: Allowed,
}

/// Returns the host's current limit on streams of a connection, which it may change at
/// any time.
pub(super) type Allowed = Box<dyn Fn() -> usize + Send + Sync>;

struct State<B> {
    /// The one that was used last is at the end, and is taken first: those that
    /// are too many grow old.
    own: Vec<Idle<http1::SendRequest<B>>>,
    /// Those after the first are there because it was full.
    shared: Vec<Idle<Shared<B>>>,
    /// Whether the next one that is opened can be shared, as far as anybody knows.
    expect_h2: bool,
}

struct Shared<B> {
    sender: http2::SendRequest<B>,
    streams: Arc<Streams>,
}

struct Idle<T> {
    connection: T,
    /// How often it was looked at since it was used.
    sweeps: u32,
}

/// An idle connection is closed at the second look, after 15 to 30 seconds:
/// before servers and balancers do that, so that a request seldom meets one
/// that is just being closed.
pub(super) const SWEEP_INTERVAL: Duration = Duration::from_secs(15);

/// Requests under way on a shared connection, at most. Hosts should allow no fewer
/// (RFC 9113 section 6.5.2), but some do; one more would wait within the library,
/// which cannot tell of a request that waits there whether it was sent when the
/// connection ends.
pub(super) const MAX_STREAMS: usize = 100;

impl<B: Send + 'static> IdleConnections<B> {
    /// None at first. Within a runtime, which closes what is idle.
    pub(super) fn start(expect_h2: bool) -> Arc<IdleConnections<B>> {
        let state = State { own: Vec::new(), shared: Vec::new(), expect_h2 };
        let idle = Arc::new(IdleConnections(Mutex::new(state)));
        tokio::spawn(sweep(Arc::downgrade(&idle)));
        idle
    }
}

impl<B> IdleConnections<B> {
    /// One that has just been opened, or another; and whether it is another. Of
    /// two that could be shared, one is.
    pub(super) fn opened(&self, connection: Connection<B>) -> (Connection<B>, bool) {
        let mut state = self.state();
        match connection {
            Connection::Http1(_) => {
                state.expect_h2 = false;
                (connection, false)
            }
            Connection::Http2(sender, stream) => {
                state.expect_h2 = true;
                if let Some(other) = state.share() {
                    return (other, true);
                }
                let StreamPermit(streams) = &stream;
                let shared = Shared { sender: sender.clone(), streams: streams.clone() };
                state.shared.push(Idle::new(shared));
                (Connection::Http2(sender, stream), false)
            }
        }
    }

    /// Whether it is worth waiting for one that is being opened.
    pub(super) fn expect_h2(&self) -> bool {
        self.state().expect_h2
    }

    /// One that is ready for a request.
    pub(super) fn take(&self) -> Option<Connection<B>> {
        let mut state = self.state();
        if let Some(shared) = state.share() {
            return Some(shared);
        }
        let ready = state.own.iter().rposition(|idle| idle.connection.is_ready())?;
        Some(Connection::Http1(state.own.remove(ready).connection))
    }

    /// Keeps one whose answer has come to its end. Its request may not have: it
    /// is ready once that has, too.
    pub(super) fn put(&self, sender: http1::SendRequest<B>) {
        if !sender.is_closed() {
            self.state().own.push(Idle::new(sender));
        }
    }

    fn state(&self) -> MutexGuard<'_, State<B>> {
        sync::lock(&self.0)
    }
}

impl<B> State<B> {
    fn share(&mut self) -> Option<Connection<B>> {
        let shared = self.shared.iter_mut().find(|idle| idle.connection.has_room())?;
        shared.sweeps = 0;
        let Shared { sender, streams } = &shared.connection;
        Some(Connection::Http2(sender.clone(), StreamPermit(streams.clone())))
    }

    fn look(&mut self) {
        self.own.retain_mut(|idle| !idle.connection.is_closed() && idle.is_young());
        self.shared.retain_mut(|idle| {
            !idle.connection.sender.is_closed()
                && (idle.connection.under_way() > 0 || idle.is_young())
        });
    }
}

impl<B> Shared<B> {
    fn has_room(&self) -> bool {
        let allowed = MAX_STREAMS.min((self.streams.allowed)());
        self.sender.is_ready() && self.under_way() < allowed
    }

    fn under_way(&self) -> usize {
        Arc::strong_count(&self.streams) - 1
    }
}

impl StreamPermit {
    /// The first one on a new connection.
    pub(super) fn first(allowed: Allowed) -> StreamPermit {
        StreamPermit(Arc::new(Streams { allowed }))
    }
}

impl<T> Idle<T> {
    fn new(connection: T) -> Idle<T> {
        Idle { connection, sweeps: 0 }
    }

    fn is_young(&mut self) -> bool {
        self.sweeps += 1;
        self.sweeps < 2
    }
}

/// Closes what is not used, as long as there is a pool.
async fn sweep<B>(idle: Weak<IdleConnections<B>>) {
    loop {
        tokio::time::sleep(SWEEP_INTERVAL).await;
        match idle.upgrade() {
            Some(idle) => idle.state().look(),
            None => return,
        }
    }
}
