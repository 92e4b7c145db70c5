//! Bodies of responses, which return their connection to the pool at their end.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::client::conn::http1::SendRequest;
use tokio::sync::OwnedSemaphorePermit;

use super::idle::{IdleConnections, StreamPermit};

/// A body that is dropped before its end closes its connection.
pub(crate) struct PooledBody<B> {
    body: Incoming,
    lease: Option<Lease<B>>,
}

pub(super) enum Lease<B> {
    Http1 {
        sender: SendRequest<B>,
        /// `None` for a connection beyond the usual number.
        permit: Option<OwnedSemaphorePermit>,
        idle: Arc<IdleConnections<B>>,
    },
    Http2(#[expect(dead_code, reason = "it counts by being there")] StreamPermit),
}

impl<B> PooledBody<B> {
    pub(super) fn new(body: Incoming, lease: Lease<B>) -> PooledBody<B> {
        let mut leased = PooledBody { body, lease: Some(lease) };
        if leased.body.is_end_stream() {
            leased.give_back();
        }
        leased
    }

    fn give_back(&mut self) {
        if let Some(Lease::Http1 { sender, permit, idle }) = self.lease.take() {
            idle.put(sender);
            drop(permit);
        }
    }
}

impl<B> Body for PooledBody<B> {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        let frame = ready!(Pin::new(&mut this.body).poll_frame(context));
        if frame.is_none() || this.body.is_end_stream() {
            this.give_back();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
