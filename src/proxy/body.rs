//! Bodies on their way.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body as HttpBody, Bytes, Frame, Incoming, SizeHint};
use tokio::time::{Sleep, sleep};

use super::replay_body::Held;
use crate::net::Leased;

/// A body on its way: from somewhere else as it comes, or our own.
pub(crate) enum Carried<B> {
    /// Of the cloud, or of a client.
    Passed(Patient<B>),
    /// Our own; `None` once it is sent.
    Own(Option<Bytes>),
}

/// What a client sends.
pub(crate) type Upload = Carried<Incoming>;

/// What a front answers with.
pub(crate) type Body = Carried<Leased<Held<Upload>>>;

/// A body of which the next piece is waited for only so long.
pub(crate) struct Patient<B> {
    body: B,
    limit: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

/// Why a body ends early.
pub(super) type Broken = Box<dyn std::error::Error + Send + Sync>;

impl<B> Patient<B> {
    pub(super) fn new(body: B, limit: Duration) -> Patient<B> {
        Patient { body, limit, timer: None }
    }
}

impl<B> HttpBody for Patient<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<Broken>,
{
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
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

impl<B> HttpBody for Carried<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<Broken>,
{
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match self.get_mut() {
            Carried::Passed(body) => Pin::new(body).poll_frame(context),
            Carried::Own(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Carried::Passed(body) => body.is_end_stream(),
            Carried::Own(bytes) => bytes.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Carried::Passed(body) => body.size_hint(),
            Carried::Own(bytes) => {
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
        type Error = Broken;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
            Poll::Pending
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_is_stuck_breaks_off() {
        let mut body = Patient::new(Stuck, Duration::from_secs(120));
        let next = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context));
        let begun = timer_clock();
        let error = next.await.unwrap().unwrap_err();
        assert_eq!(error.to_string(), "nothing came for 120s");
        assert_eq!(begun.elapsed().as_secs(), 120);
    }
}
