//! Server-sent events of the status page: its content, anew every second.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::box_error::BoxError;

/// Open pages; the other connections are left for those who measure.
pub(super) const MAX_STREAMS: usize = 16;

const INTERVAL: Duration = Duration::from_secs(1);

/// Renders when the client has room for it: for a slow one, nothing piles up.
pub(super) struct EventStream<R> {
    render: R,
    interval: Interval,
    shutdown: Pin<Box<WaitForCancellationFutureOwned>>,
    _permit: OwnedSemaphorePermit,
}

impl<R: Fn() -> String> EventStream<R> {
    pub(super) fn new(
        render: R,
        shutdown: CancellationToken,
        permit: OwnedSemaphorePermit,
    ) -> EventStream<R> {
        let mut interval = interval(INTERVAL);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let shutdown = Box::pin(shutdown.cancelled_owned());
        EventStream { render, interval, shutdown, _permit: permit }
    }
}

impl<R: Fn() -> String + Unpin> Body for EventStream<R> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        if this.shutdown.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        ready!(this.interval.poll_tick(context));
        Poll::Ready(Some(Ok(Frame::data(event(&(this.render)()).into()))))
    }
}

/// Each line of the data has its own field
/// (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).
fn event(data: &str) -> String {
    let mut event = String::with_capacity(data.len() + 16);
    for line in data.split(['\n', '\r']) {
        event.push_str("data: ");
        event.push_str(line);
        event.push('\n');
    }
    event.push('\n');
    event
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use http_body_util::BodyExt;
    use tokio::sync::Semaphore;
    use tokio::time::advance;

    use super::*;
    use crate::context::timer_clock;

    /// Counts what it renders.
    fn stream(shutdown: &CancellationToken) -> (EventStream<impl Fn() -> String>, Arc<Semaphore>) {
        let rendered = AtomicU32::new(0);
        let render = move || rendered.fetch_add(1, Ordering::Relaxed).to_string();
        let permits = Arc::new(Semaphore::new(1));
        let permit = permits.clone().try_acquire_owned().unwrap();
        (EventStream::new(render, shutdown.clone(), permit), permits)
    }

    async fn next(stream: &mut EventStream<impl Fn() -> String + Unpin>) -> Option<Bytes> {
        let frame = stream.frame().await?;
        Some(frame.unwrap().into_data().unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_rendered_for_a_client_that_does_not_read() {
        let shutdown = CancellationToken::new();
        let (mut stream, _) = stream(&shutdown);
        assert_eq!(next(&mut stream).await.unwrap(), "data: 0\n\n");
        advance(Duration::from_secs(60)).await;
        let start = timer_clock();
        assert_eq!(next(&mut stream).await.unwrap(), "data: 1\n\n");
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert_eq!(next(&mut stream).await.unwrap(), "data: 2\n\n");
        assert_eq!(start.elapsed(), INTERVAL);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_ends_with_the_run_and_makes_room_for_another() {
        let shutdown = CancellationToken::new();
        let (mut stream, permits) = stream(&shutdown);
        next(&mut stream).await.unwrap();
        let start = timer_clock();
        let end = async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            shutdown.cancel();
        };
        let (frame, ()) = tokio::join!(next(&mut stream), end);
        assert_eq!(frame, None);
        assert_eq!(start.elapsed(), Duration::from_millis(10));
        drop(stream);
        assert_eq!(permits.available_permits(), 1);
    }

    #[test]
    fn no_line_of_the_data_is_taken_for_a_field() {
        assert_eq!(event("<p>a</p>"), "data: <p>a</p>\n\n");
        assert_eq!(event("a\nevent: b\r\r"), "data: a\ndata: event: b\ndata: \ndata: \n\n");
    }
}
