//! A request body that is forwarded as it arrives and buffered, so that the request can
//! be sent again.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker, ready};

use hyper::HeaderMap;
use hyper::body::{Body, Bytes, Frame, SizeHint};

use super::buffer_budget::{BufferBudget, Reservation};
use crate::box_error::BoxError;
use crate::sync;

pub(crate) struct ReplayBody<B> {
    /// `None` for a request without a body.
    shared: Option<SharedBody<B>>,
    attempt: u32,
    next_chunk: usize,
    bytes_sent: u64,
    done: bool,
}

/// The client's body behind all attempts.
pub(super) struct SharedBody<B>(Arc<Mutex<SharedState<B>>>);

struct SharedState<B> {
    inner: B,
    /// The size hint before anything was read.
    size_hint: SizeHint,
    chunks: Vec<Bytes>,
    buffered: usize,
    /// A frame from the client that waits for room in the buffer.
    pending: Option<Frame<Bytes>>,
    trailers: Option<HeaderMap>,
    ended: bool,
    /// `None` once the body is too large to be buffered.
    reservation: Option<Reservation>,
    attempt: u32,
    started: bool,
    waker: Option<Waker>,
    progress: u64,
    client_error: Option<String>,
}

impl<B: Body<Data = Bytes, Error = BoxError> + Unpin> ReplayBody<B> {
    pub(super) fn new(body: B, budget: &Arc<BufferBudget>) -> ReplayBody<B> {
        if body.is_end_stream() {
            return ReplayBody::for_attempt(None, 0);
        }
        let state = SharedState {
            size_hint: body.size_hint(),
            inner: body,
            chunks: Vec::new(),
            buffered: 0,
            pending: None,
            trailers: None,
            ended: false,
            reservation: Some(Reservation::new(budget)),
            attempt: 0,
            started: false,
            waker: None,
            progress: 0,
            client_error: None,
        };
        ReplayBody::for_attempt(Some(SharedBody(Arc::new(Mutex::new(state)))), 0)
    }

    /// Returns a handle that outlives this attempt; `None` for a request without a body.
    pub(super) fn shared(&self) -> Option<SharedBody<B>> {
        self.shared.as_ref().map(|shared| SharedBody(shared.0.clone()))
    }

    /// Starts another attempt from the beginning of the body, and ends the one before.
    /// Returns `None` if the body is not buffered, or the client did not complete it.
    pub(super) fn replay(shared: Option<&SharedBody<B>>) -> Option<ReplayBody<B>> {
        let Some(shared) = shared else {
            return Some(ReplayBody::for_attempt(None, 0));
        };
        let mut state = shared.state();
        if state.reservation.is_none() || state.client_error.is_some() {
            return None;
        }
        state.attempt += 1;
        state.started = false;
        let attempt = state.attempt;
        // The attempt before would wait for ever, and keep its connection open.
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
        drop(state);
        Some(ReplayBody::for_attempt(Some(SharedBody(shared.0.clone())), attempt))
    }

    fn for_attempt(shared: Option<SharedBody<B>>, attempt: u32) -> ReplayBody<B> {
        ReplayBody { shared, attempt, next_chunk: 0, bytes_sent: 0, done: false }
    }
}

impl<B> SharedBody<B> {
    /// Returns a number that grows with every frame: it tells a slow upload from a stuck
    /// one.
    pub(super) fn progress(&self) -> u64 {
        self.state().progress
    }

    pub(super) fn is_started(&self) -> bool {
        self.state().started
    }

    /// Returns whether [`ReplayBody::replay`] would start another attempt.
    pub(super) fn is_replayable(&self) -> bool {
        let state = self.state();
        state.reservation.is_some() && state.client_error.is_none()
    }

    /// Returns why the client did not complete the body.
    pub(super) fn client_error(&self) -> Option<String> {
        self.state().client_error.clone()
    }

    fn state(&self) -> MutexGuard<'_, SharedState<B>> {
        sync::lock(&self.0)
    }
}

impl<B: Body<Data = Bytes, Error = BoxError> + Unpin> SharedState<B> {
    fn poll_client(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.ended {
            return Poll::Ready(
                self.trailers.clone().map(|trailers| Ok(Frame::trailers(trailers))),
            );
        }
        if self.pending.is_none() {
            let frame = match Pin::new(&mut self.inner).poll_frame(context) {
                Poll::Ready(Some(frame)) => frame,
                Poll::Ready(None) => {
                    self.end();
                    return Poll::Ready(None);
                }
                Poll::Pending => {
                    self.waker = Some(context.waker().clone());
                    return Poll::Pending;
                }
            };
            self.progress += 1;
            let frame = frame.inspect_err(|error| self.client_error = Some(error.to_string()))?;
            self.pending = Some(frame);
        }
        if let Some(chunk) = self.pending.as_ref().and_then(Frame::data_ref).cloned()
            && self.poll_buffer(context, chunk).is_pending()
        {
            self.waker = Some(context.waker().clone());
            return Poll::Pending;
        }
        let frame = self.pending.take();
        if let Some(trailers) = frame.as_ref().and_then(Frame::trailers_ref) {
            self.trailers = Some(trailers.clone());
            self.end();
        }
        Poll::Ready(frame.map(Ok))
    }

    /// Buffers `chunk`, or drops the buffer if the body does not fit into it.
    fn poll_buffer(&mut self, context: &mut Context<'_>, chunk: Bytes) -> Poll<()> {
        let Some(reservation) = &mut self.reservation else {
            return Poll::Ready(());
        };
        let buffered = self.buffered + chunk.len();
        if ready!(reservation.poll_reserve(context, buffered, self.size_hint.exact())) {
            self.buffered = buffered;
            self.chunks.push(chunk);
        } else {
            self.reservation = None;
            self.chunks = Vec::new();
        }
        Poll::Ready(())
    }

    fn end(&mut self) {
        self.ended = true;
        if let Some(reservation) = &mut self.reservation {
            reservation.shrink(self.buffered);
        }
    }
}

impl<B: Body<Data = Bytes, Error = BoxError> + Unpin> Body for ReplayBody<B> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        let Some(shared) = this.shared.as_ref().filter(|_| !this.done) else {
            return Poll::Ready(None);
        };
        let mut state = shared.state();
        if state.attempt != this.attempt {
            return Poll::Ready(Some(Err("the request is being sent again".into())));
        }
        state.started = true;
        if let Some(chunk) = state.chunks.get(this.next_chunk).cloned() {
            state.progress += 1;
            this.next_chunk += 1;
            this.bytes_sent += chunk.len() as u64;
            return Poll::Ready(Some(Ok(Frame::data(chunk))));
        }
        let frame = ready!(state.poll_client(context));
        match frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()) {
            Some(chunk) => {
                this.next_chunk += 1;
                this.bytes_sent += chunk.len() as u64;
            }
            None => this.done = true,
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.shared.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let Some(shared) = &self.shared else {
            return SizeHint::with_exact(0);
        };
        match shared.state().size_hint.exact() {
            Some(length) => SizeHint::with_exact(length.saturating_sub(self.bytes_sent)),
            None => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests;
