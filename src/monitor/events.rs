//! Server-sent events of the status page: its content, anew every second.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::page;
use crate::box_error::BoxError;
use crate::proxy::ReverseProxy;

/// Open pages; the other connections are left for those who measure.
pub(super) const MAX_STREAMS: usize = 16;

const INTERVAL: Duration = Duration::from_secs(1);

/// Renders when the client has room for it: for a slow one, nothing piles up.
pub(super) struct EventStream {
    proxy: Arc<ReverseProxy>,
    interval: Interval,
    shutdown: Pin<Box<WaitForCancellationFutureOwned>>,
    _permit: OwnedSemaphorePermit,
}

impl EventStream {
    pub(super) fn new(
        proxy: Arc<ReverseProxy>,
        shutdown: WaitForCancellationFutureOwned,
        permit: OwnedSemaphorePermit,
    ) -> EventStream {
        let mut interval = interval(INTERVAL);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        EventStream { proxy, interval, shutdown: Box::pin(shutdown), _permit: permit }
    }
}

impl Body for EventStream {
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
        let content = page::content(&this.proxy.status()).into_string();
        Poll::Ready(Some(Ok(Frame::data(event(&content).into()))))
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
    use super::*;

    #[test]
    fn no_line_of_the_data_is_taken_for_a_field() {
        assert_eq!(event("<p>a</p>"), "data: <p>a</p>\n\n");
        assert_eq!(event("a\nevent: b\r\r"), "data: a\ndata: event: b\ndata: \ndata: \n\n");
    }
}
