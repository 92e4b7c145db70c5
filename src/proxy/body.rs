//! Request and response bodies as the proxy forwards them.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::time::{Sleep, sleep};

use super::replay_body::ReplayBody;
use crate::box_error::BoxError;
use crate::net::PooledBody;

pub(crate) enum ProxyBody<B> {
    Streaming(TimeoutBody<B>),
    /// Its beginning was read already; `None` once that is sent.
    Resumed(Option<Bytes>, Box<TimeoutBody<B>>),
    Cut(CutBody),
    /// Made by the proxy; `None` once it is sent.
    Full(Option<Bytes>),
}

/// The beginning of a body, and the error that ended it.
pub(crate) struct CutBody {
    prefix: Option<Bytes>,
    error: Option<BoxError>,
    is_flushed: bool,
}

pub(crate) type RequestBody = ProxyBody<Incoming>;

pub(crate) type ResponseBody = ProxyBody<PooledBody<ReplayBody<RequestBody>>>;

/// Fails if the next frame takes longer than [`FRAME_TIMEOUT`].
pub(crate) struct TimeoutBody<B> {
    body: B,
    timer: Option<Pin<Box<Sleep>>>,
}

/// The longest pause within a body, of client or upstream.
const FRAME_TIMEOUT: Duration = Duration::from_secs(120);

impl<B> ProxyBody<B> {
    pub(super) fn streaming(body: B) -> ProxyBody<B> {
        ProxyBody::Streaming(TimeoutBody { body, timer: None })
    }

    /// Puts what was read of the body before the rest of it, or before the error that ended
    /// it.
    pub(super) fn with_prefix(self, prefix: Bytes, error: Option<BoxError>) -> ProxyBody<B> {
        let prefix = (!prefix.is_empty()).then_some(prefix);
        if error.is_some() {
            return ProxyBody::Cut(CutBody { prefix, error, is_flushed: false });
        }
        match self {
            ProxyBody::Streaming(rest) => ProxyBody::Resumed(prefix, Box::new(rest)),
            ProxyBody::Resumed(_, rest) => ProxyBody::Resumed(prefix, rest),
            ProxyBody::Cut(cut) => ProxyBody::Cut(CutBody { prefix, ..cut }),
            ProxyBody::Full(_) => ProxyBody::Full(prefix),
        }
    }
}

impl From<Incoming> for RequestBody {
    fn from(body: Incoming) -> RequestBody {
        ProxyBody::streaming(body)
    }
}

impl<B> Body for TimeoutBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) {
            this.timer = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep(FRAME_TIMEOUT)));
        ready!(timer.as_mut().poll(context));
        let message = format!("no data received for {FRAME_TIMEOUT:?}");
        Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::TimedOut, message).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> Body for ProxyBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.get_mut() {
            ProxyBody::Streaming(body) => Pin::new(body).poll_frame(context),
            ProxyBody::Resumed(prefix, rest) => match prefix.take() {
                Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
                None => Pin::new(&mut **rest).poll_frame(context),
            },
            ProxyBody::Cut(cut) => cut.poll_next(context),
            ProxyBody::Full(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            ProxyBody::Streaming(body) => body.is_end_stream(),
            ProxyBody::Resumed(prefix, rest) => prefix.is_none() && rest.is_end_stream(),
            ProxyBody::Cut(cut) => cut.error.is_none(),
            ProxyBody::Full(bytes) => bytes.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            ProxyBody::Streaming(body) => body.size_hint(),
            ProxyBody::Resumed(prefix, rest) => match rest.size_hint().exact() {
                Some(rest) => {
                    let prefix = prefix.as_ref().map_or(0, |bytes| bytes.len() as u64);
                    SizeHint::with_exact(prefix + rest)
                }
                None => SizeHint::default(),
            },
            ProxyBody::Cut(..) => SizeHint::default(),
            ProxyBody::Full(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
        }
    }
}

impl CutBody {
    fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some(bytes) = self.prefix.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        if !std::mem::replace(&mut self.is_flushed, true) {
            // hyper writes what it has before it polls again, and nothing after an error.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.error.take().map(Err))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::timer_clock;

    /// A body that never yields a frame.
    struct StuckBody;

    impl Body for StuckBody {
        type Data = Bytes;
        type Error = BoxError;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
            Poll::Pending
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stuck_body_fails_after_the_timeout() {
        let mut body = ProxyBody::streaming(StuckBody);
        let next = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context));
        let start = timer_clock();
        let error = next.await.unwrap().unwrap_err();
        assert_eq!(error.to_string(), "no data received for 120s");
        assert_eq!(start.elapsed().as_secs(), 120);
    }
}
