//! Connections that are ready for a request.

use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

use hyper::client::conn::{http1, http2};

use crate::sync;

pub(super) struct IdleConnections<B>(Mutex<State<B>>);

pub(super) enum Connection<B> {
    /// Carries one request at a time.
    Http1(http1::SendRequest<B>),
    Http2(http2::SendRequest<B>, StreamPermit),
}

/// One stream of an HTTP/2 connection, until its response has ended.
pub(super) struct StreamPermit(Arc<Streams>);

/// The number of references is the number of open streams.
struct Streams {
    allowed: Allowed,
}

/// Returns the host's current limit on streams of a connection, which it may change at
/// any time.
pub(super) type Allowed = Box<dyn Fn() -> usize + Send + Sync>;

struct State<B> {
    /// The connection that was used last is at the end and is taken first, so that surplus
    /// connections age.
    http1: Vec<Idle<http1::SendRequest<B>>>,
    /// More than one only when the first had no free stream.
    http2: Vec<Idle<Shared<B>>>,
    expect_h2: bool,
}

struct Shared<B> {
    sender: http2::SendRequest<B>,
    streams: Arc<Streams>,
}

struct Idle<T> {
    connection: T,
    /// Since the last use.
    sweeps: u32,
}

/// An idle connection is closed at the second sweep, after 15 to 30 seconds: before servers
/// and balancers do that, so that a request seldom meets a connection that is closing.
pub(super) const SWEEP_INTERVAL: Duration = Duration::from_secs(15);

/// Hosts should allow no fewer streams (RFC 9113 section 6.5.2), but some do. A request
/// beyond a host's limit would wait within the library, which cannot tell whether it was
/// sent when the connection ends.
pub(super) const MAX_STREAMS: usize = 100;

impl<B: Send + 'static> IdleConnections<B> {
    /// Has to be called within a runtime, in whose background idle connections are closed.
    pub(super) fn start(expect_h2: bool) -> Arc<IdleConnections<B>> {
        let state = State { http1: Vec::new(), http2: Vec::new(), expect_h2 };
        let idle = Arc::new(IdleConnections(Mutex::new(state)));
        tokio::spawn(sweep_loop(Arc::downgrade(&idle)));
        idle
    }
}

impl<B> IdleConnections<B> {
    /// Registers a new connection. If another task opened an HTTP/2 connection first, returns
    /// that one and `true`, and drops this.
    pub(super) fn register(&self, connection: Connection<B>) -> (Connection<B>, bool) {
        let mut state = self.state();
        match connection {
            Connection::Http1(_) => {
                state.expect_h2 = false;
                (connection, false)
            }
            Connection::Http2(sender, stream) => {
                state.expect_h2 = true;
                if let Some(other) = state.share_http2() {
                    return (other, true);
                }
                let StreamPermit(streams) = &stream;
                let shared = Shared { sender: sender.clone(), streams: streams.clone() };
                state.http2.push(Idle::new(shared));
                (Connection::Http2(sender, stream), false)
            }
        }
    }

    pub(super) fn expect_h2(&self) -> bool {
        self.state().expect_h2
    }

    pub(super) fn take_ready(&self) -> Option<Connection<B>> {
        let mut state = self.state();
        if let Some(shared) = state.share_http2() {
            return Some(shared);
        }
        let ready = state.http1.iter().rposition(|idle| idle.connection.is_ready())?;
        Some(Connection::Http1(state.http1.remove(ready).connection))
    }

    /// Keeps a connection whose response has ended. It is ready once its request has ended,
    /// too.
    pub(super) fn put(&self, sender: http1::SendRequest<B>) {
        if !sender.is_closed() {
            self.state().http1.push(Idle::new(sender));
        }
    }

    fn state(&self) -> MutexGuard<'_, State<B>> {
        sync::lock(&self.0)
    }
}

impl<B> State<B> {
    fn share_http2(&mut self) -> Option<Connection<B>> {
        let shared = self.http2.iter_mut().find(|idle| idle.connection.has_room())?;
        shared.sweeps = 0;
        let Shared { sender, streams } = &shared.connection;
        Some(Connection::Http2(sender.clone(), StreamPermit(streams.clone())))
    }

    fn sweep(&mut self) {
        self.http1.retain_mut(|idle| !idle.connection.is_closed() && idle.survives_sweep());
        self.http2.retain_mut(|idle| {
            !idle.connection.sender.is_closed()
                && (idle.connection.open_streams() > 0 || idle.survives_sweep())
        });
    }
}

impl<B> Shared<B> {
    fn has_room(&self) -> bool {
        let allowed = MAX_STREAMS.min((self.streams.allowed)());
        self.sender.is_ready() && self.open_streams() < allowed
    }

    fn open_streams(&self) -> usize {
        Arc::strong_count(&self.streams) - 1
    }
}

impl StreamPermit {
    pub(super) fn first(allowed: Allowed) -> StreamPermit {
        StreamPermit(Arc::new(Streams { allowed }))
    }
}

impl<T> Idle<T> {
    fn new(connection: T) -> Idle<T> {
        Idle { connection, sweeps: 0 }
    }

    fn survives_sweep(&mut self) -> bool {
        self.sweeps += 1;
        self.sweeps < 2
    }
}

/// Ends with the pool.
async fn sweep_loop<B>(idle: Weak<IdleConnections<B>>) {
    loop {
        tokio::time::sleep(SWEEP_INTERVAL).await;
        match idle.upgrade() {
            Some(idle) => idle.state().sweep(),
            None => return,
        }
    }
}
