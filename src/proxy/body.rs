//! Bodies on their way.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body as HttpBody, Bytes, Frame, Incoming, SizeHint};
use tokio::time::{Sleep, sleep};

use super::replay_body::ReplayBody;
use crate::box_error::BoxError;
use crate::net::PooledBody;

/// A body on its way: from somewhere else as it comes, or our own.
pub(crate) enum ProxyBody<B> {
    /// Of the cloud, or of a client.
    Streaming(TimeoutBody<B>),
    /// Our own; `None` once it is sent.
    Full(Option<Bytes>),
}

/// What a client sends.
pub(crate) type RequestBody = ProxyBody<Incoming>;

/// What a front answers with.
pub(crate) type Body = ProxyBody<PooledBody<ReplayBody<RequestBody>>>;

/// A body of which the next piece is waited for only so long.
pub(crate) struct TimeoutBody<B> {
    body: B,
    limit: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

impl<B> TimeoutBody<B> {
    pub(super) fn new(body: B, limit: Duration) -> TimeoutBody<B> {
        TimeoutBody { body, limit, timer: None }
    }
}

impl<B> HttpBody for TimeoutBody<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
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
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep(this.limit)));
        ready!(timer.as_mut().poll(context));
        let late = format!("nothing came for {:?}", this.limit);
        Poll::Ready(Some(Err(std::io::Error::new(std::io::ErrorKind::TimedOut, late).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> HttpBody for ProxyBody<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
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
            ProxyBody::Full(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            ProxyBody::Streaming(body) => body.is_end_stream(),
            ProxyBody::Full(bytes) => bytes.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            ProxyBody::Streaming(body) => body.size_hint(),
            ProxyBody::Full(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::timer_clock;

    /// A body of which nothing ever comes.
    struct Stuck;

    impl HttpBody for Stuck {
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
    async fn a_body_that_is_stuck_breaks_off() {
        let mut body = TimeoutBody::new(Stuck, Duration::from_secs(120));
        let next = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context));
        let begun = timer_clock();
        let error = next.await.unwrap().unwrap_err();
        assert_eq!(error.to_string(), "nothing came for 120s");
        assert_eq!(begun.elapsed().as_secs(), 120);
    }
}
