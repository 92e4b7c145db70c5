//! Connections that wait for a request.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use hyper::client::conn::{http1, http2};

/// Those to one host.
pub(super) struct Kept<B>(Mutex<State<B>>);

/// Something to send a request by.
pub(super) enum Connection<B> {
    /// HTTP/1.1: for one request at a time.
    Own(http1::SendRequest<B>),
    /// HTTP/2: for any number of them.
    Shared(http2::SendRequest<B>),
}

struct State<B> {
    /// The one that was used last is at the end, and is taken first: those that
    /// are too many grow old.
    own: Vec<Idle<http1::SendRequest<B>>>,
    shared: Option<Idle<http2::SendRequest<B>>>,
    /// Whether the next one that is opened can be shared, as far as anybody knows.
    may_share: bool,
}

struct Idle<T> {
    sender: T,
    /// How often it was looked at since it was used.
    looks: u32,
}

/// An idle connection is closed at the second look, after 15 to 30 seconds:
/// before servers and balancers do that, so that a request seldom meets one
/// that is just being closed.
pub(super) const LOOK: Duration = Duration::from_secs(15);

impl<B: Send + 'static> Kept<B> {
    /// None at first. Within a runtime, which closes what is idle.
    pub(super) fn start(may_share: bool) -> Arc<Kept<B>> {
        let state = State { own: Vec::new(), shared: None, may_share };
        let kept = Arc::new(Kept(Mutex::new(state)));
        tokio::spawn(sweep(Arc::downgrade(&kept)));
        kept
    }
}

impl<B> Kept<B> {
    /// One that has just been opened, or another; and whether it is another. Of
    /// two that could be shared, one is.
    pub(super) fn opened(&self, connection: Connection<B>) -> (Connection<B>, bool) {
        let mut state = self.state();
        state.may_share = matches!(connection, Connection::Shared(_));
        let Connection::Shared(sender) = connection else {
            return (connection, false);
        };
        if let Some(other) = state.shared() {
            return (Connection::Shared(other), true);
        }
        state.shared = Some(Idle::new(sender.clone()));
        (Connection::Shared(sender), false)
    }

    /// Whether it is worth waiting for one that is being opened.
    pub(super) fn may_share(&self) -> bool {
        self.state().may_share
    }

    /// One that is ready for a request.
    pub(super) fn take(&self) -> Option<Connection<B>> {
        let mut state = self.state();
        if let Some(shared) = state.shared() {
            return Some(Connection::Shared(shared));
        }
        let ready = state.own.iter().rposition(|idle| idle.sender.is_ready())?;
        Some(Connection::Own(state.own.remove(ready).sender))
    }

    /// Keeps one whose answer has come to its end. Its request may not have: it
    /// is ready once that has, too.
    pub(super) fn put(&self, sender: http1::SendRequest<B>) {
        if !sender.is_closed() {
            self.state().own.push(Idle::new(sender));
        }
    }

    fn state(&self) -> MutexGuard<'_, State<B>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<B> State<B> {
    fn shared(&mut self) -> Option<http2::SendRequest<B>> {
        let shared = self.shared.as_mut().filter(|shared| shared.sender.is_ready())?;
        shared.looks = 0;
        Some(shared.sender.clone())
    }

    fn look(&mut self) {
        self.own.retain_mut(|idle| !idle.sender.is_closed() && idle.is_young());
        self.shared.take_if(|shared| shared.sender.is_closed() || !shared.is_young());
    }
}

impl<T> Idle<T> {
    fn new(sender: T) -> Idle<T> {
        Idle { sender, looks: 0 }
    }

    fn is_young(&mut self) -> bool {
        self.looks += 1;
        self.looks < 2
    }
}

/// Closes what is not used, as long as there is a pool.
async fn sweep<B>(kept: Weak<Kept<B>>) {
    loop {
        tokio::time::sleep(LOOK).await;
        match kept.upgrade() {
            Some(kept) => kept.state().look(),
            None => return,
        }
    }
}
