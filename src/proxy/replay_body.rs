//! A request's body: passed on as it comes, and held, so that it can be sent
//! once more if the first token is refused.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker, ready};

use hyper::HeaderMap;
use hyper::body::{Body, Bytes, Frame, SizeHint};

use super::buffer_budget::{BufferBudget, Reservation};
use crate::box_error::BoxError;

use crate::sync;

/// One attempt's view of a body.
pub(crate) struct ReplayBody<B> {
    /// `None` for a request without a body.
    source: Option<Source<B>>,
    attempt: u32,
    /// How many of the held pieces this attempt has sent.
    next: usize,
    sent: u64,
    done: bool,
}

/// The body behind all attempts. It can be sent again while it is held.
pub(super) struct Source<B>(Arc<Mutex<State<B>>>);

struct State<B> {
    rest: B,
    /// What was there when the first attempt began.
    whole: SizeHint,
    pieces: Vec<Bytes>,
    /// The length of all pieces.
    held: usize,
    /// A frame that has come, and waits for room to be held.
    next: Option<Frame<Bytes>>,
    trailers: Option<HeaderMap>,
    ended: bool,
    /// `None` once it was too much to hold.
    share: Option<Reservation>,
    attempt: u32,
    /// Whether the current attempt has been asked for anything.
    begun: bool,
    /// The attempt that waits for more.
    waiting: Option<Waker>,
    /// How often something was sent: a slow upload is no hanging one.
    moved: u64,
    broken: Option<String>,
}

impl<B: Body<Data = Bytes, Error = BoxError> + Unpin> ReplayBody<B> {
    pub(super) fn new(body: B, budget: &Arc<BufferBudget>) -> ReplayBody<B> {
        if body.is_end_stream() {
            return ReplayBody::attempt(None, 0);
        }
        let state = State {
            whole: body.size_hint(),
            rest: body,
            pieces: Vec::new(),
            held: 0,
            next: None,
            trailers: None,
            ended: false,
            share: Some(Reservation::of(budget)),
            attempt: 0,
            begun: false,
            waiting: None,
            moved: 0,
            broken: None,
        };
        ReplayBody::attempt(Some(Source(Arc::new(Mutex::new(state)))), 0)
    }

    /// What outlives this attempt; `None` for a request without a body.
    pub(super) fn source(&self) -> Option<Source<B>> {
        self.source.as_ref().map(|source| Source(source.0.clone()))
    }

    /// A body from its beginning, for another attempt; `None` where some of it
    /// is no longer held. The attempt before gets no more of it.
    pub(super) fn again(source: Option<&Source<B>>) -> Option<ReplayBody<B>> {
        let Some(source) = source else {
            return Some(ReplayBody::attempt(None, 0));
        };
        let mut state = source.state();
        if state.share.is_none() || state.broken.is_some() {
            return None;
        }
        state.attempt += 1;
        state.begun = false;
        let attempt = state.attempt;
        // Else its connection would wait for what it never gets.
        if let Some(waiting) = state.waiting.take() {
            waiting.wake();
        }
        drop(state);
        Some(ReplayBody::attempt(Some(Source(source.0.clone())), attempt))
    }

    fn attempt(source: Option<Source<B>>, attempt: u32) -> ReplayBody<B> {
        ReplayBody { source, attempt, next: 0, sent: 0, done: false }
    }
}

impl<B> Source<B> {
    /// Grows whenever a piece is passed on.
    pub(super) fn moved(&self) -> u64 {
        self.state().moved
    }

    /// Whether anything of the body was asked for in the current attempt.
    pub(super) fn is_begun(&self) -> bool {
        self.state().begun
    }

    /// Why the client did not send it to its end.
    pub(super) fn broken(&self) -> Option<String> {
        self.state().broken.clone()
    }

    fn state(&self) -> MutexGuard<'_, State<B>> {
        sync::lock(&self.0)
    }
}

impl<B: Body<Data = Bytes, Error = BoxError> + Unpin> State<B> {
    /// The next piece that the client sends.
    fn pull(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.ended {
            return Poll::Ready(
                self.trailers.clone().map(|trailers| Ok(Frame::trailers(trailers))),
            );
        }
        if self.next.is_none() {
            let frame = match Pin::new(&mut self.rest).poll_frame(context) {
                Poll::Ready(Some(frame)) => frame,
                Poll::Ready(None) => {
                    self.end();
                    return Poll::Ready(None);
                }
                Poll::Pending => {
                    self.waiting = Some(context.waker().clone());
                    return Poll::Pending;
                }
            };
            self.moved += 1;
            self.next = Some(frame.inspect_err(|why| self.broken = Some(why.to_string()))?);
        }
        if let Some(data) = self.next.as_ref().and_then(Frame::data_ref).cloned()
            && self.hold(context, data).is_pending()
        {
            self.waiting = Some(context.waker().clone());
            return Poll::Pending;
        }
        let frame = self.next.take();
        if let Some(trailers) = frame.as_ref().and_then(Frame::trailers_ref) {
            self.trailers = Some(trailers.clone());
            self.end();
        }
        Poll::Ready(frame.map(Ok))
    }

    fn hold(&mut self, context: &mut Context<'_>, data: Bytes) -> Poll<()> {
        let Some(share) = &mut self.share else {
            return Poll::Ready(());
        };
        let held = self.held + data.len();
        if ready!(share.poll_room(context, held, self.whole.exact())) {
            self.held = held;
            self.pieces.push(data);
        } else {
            self.share = None;
            self.pieces = Vec::new();
        }
        Poll::Ready(())
    }

    fn end(&mut self) {
        self.ended = true;
        if let Some(share) = &mut self.share {
            share.shrink(self.held);
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
        let Some(source) = this.source.as_ref().filter(|_| !this.done) else {
            return Poll::Ready(None);
        };
        let mut state = source.state();
        if state.attempt != this.attempt {
            return Poll::Ready(Some(Err("another attempt has taken over".into())));
        }
        state.begun = true;
        if let Some(piece) = state.pieces.get(this.next).cloned() {
            state.moved += 1;
            this.next += 1;
            this.sent += piece.len() as u64;
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        let Poll::Ready(frame) = state.pull(context) else {
            return Poll::Pending;
        };
        match frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()) {
            Some(data) => {
                this.next += 1;
                this.sent += data.len() as u64;
            }
            None => this.done = true,
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.source.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let Some(source) = &self.source else {
            return SizeHint::with_exact(0);
        };
        match source.state().whole.exact() {
            Some(whole) => SizeHint::with_exact(whole.saturating_sub(self.sent)),
            None => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests;
