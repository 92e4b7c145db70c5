//! Bodies that come in pieces, and attempts that send them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

use hyper::header::HeaderValue;

use super::super::buffer_budget::EACH;
use super::*;

/// What comes, in this order.
enum Piece {
    Data(Bytes),
    Trailers,
    BoxError,
    /// Nothing yet.
    Wait,
}

struct Script(VecDeque<Piece>);

impl Body for Script {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Poll::Ready(match self.0.pop_front() {
            None => None,
            Some(Piece::Data(data)) => Some(Ok(Frame::data(data))),
            Some(Piece::Trailers) => {
                let sum = HeaderValue::from_static("3");
                let name = hyper::header::HeaderName::from_static("x-sum");
                Some(Ok(Frame::trailers(HeaderMap::from_iter([(name, sum)]))))
            }
            Some(Piece::BoxError) => Some(Err("the client left".into())),
            Some(Piece::Wait) => return Poll::Pending,
        })
    }
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn held(pieces: impl IntoIterator<Item = Piece>) -> ReplayBody<Script> {
    ReplayBody::new(Script(pieces.into_iter().collect()), &Arc::default())
}

fn data(text: &'static str) -> Piece {
    Piece::Data(Bytes::from_static(text.as_bytes()))
}

/// What the attempt sends until it is done, has to wait, or fails.
fn send(attempt: &mut ReplayBody<Script>) -> String {
    send_waking(attempt, &Arc::default())
}

fn send_waking(attempt: &mut ReplayBody<Script>, count: &Arc<Count>) -> String {
    let waker = count.clone().into();
    let mut context = Context::from_waker(&waker);
    let mut sent = String::new();
    loop {
        match Pin::new(&mut *attempt).poll_frame(&mut context) {
            Poll::Pending => return sent + "...",
            Poll::Ready(None) => return sent + ".",
            Poll::Ready(Some(Err(error))) => return sent + "!" + &error.to_string(),
            Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                Ok(data) => sent += std::str::from_utf8(&data).unwrap(),
                Err(_) => sent += "#",
            },
        }
    }
}

#[test]
fn another_attempt_begins_at_the_beginning() {
    let mut first = held([data("ab"), Piece::Wait, data("c"), Piece::Wait, Piece::Trailers]);
    let source = first.source();
    let count = Arc::default();
    assert_eq!(send_waking(&mut first, &count), "ab...");
    let mut second = ReplayBody::again(source.as_ref()).unwrap();
    // The one before is told, or its connection would wait for ever.
    assert_eq!(count.0.load(Ordering::SeqCst), 1);
    assert_eq!(send(&mut first), "!another attempt has taken over");
    assert_eq!(send(&mut second), "abc...");
    assert_eq!(send(&mut second), "#.");
    let mut third = ReplayBody::again(source.as_ref()).unwrap();
    assert_eq!(send(&mut third), "abc#.");
}

#[tokio::test]
async fn what_is_too_much_is_passed_on_once() {
    let most = || Piece::Data(vec![b'x'; EACH].into());
    let mut fits = held([most()]);
    let source = fits.source();
    assert_eq!(send(&mut fits).len(), EACH + 1);
    assert_eq!(send(&mut ReplayBody::again(source.as_ref()).unwrap()).len(), EACH + 1);
    let mut more = held([most(), data("y")]);
    let source = more.source();
    assert_eq!(send(&mut more).len(), EACH + 2);
    assert!(ReplayBody::again(source.as_ref()).is_none());
}

#[test]
fn what_the_client_did_not_end_is_not_sent_again() {
    let mut first = held([data("ab"), Piece::BoxError]);
    let source = first.source();
    assert_eq!(send(&mut first), "ab!the client left");
    assert_eq!(source.as_ref().unwrap().broken().as_deref(), Some("the client left"));
    assert!(ReplayBody::again(source.as_ref()).is_none());
}

#[test]
fn what_has_no_body_can_always_be_sent_again() {
    let none = ReplayBody::<Script>::again(None).unwrap();
    assert!(none.is_end_stream());
    assert_eq!(none.size_hint().exact(), Some(0));
}

#[test]
fn an_attempt_is_begun_once_something_of_it_was_asked_for() {
    let mut first = held([data("a")]);
    let source = first.source().unwrap();
    assert!(!source.is_begun());
    send(&mut first);
    assert!(source.is_begun());
    let mut second = ReplayBody::again(Some(&source)).unwrap();
    assert!(!source.is_begun());
    // The one before is of no interest any more.
    send(&mut first);
    assert!(!source.is_begun());
    send(&mut second);
    assert!(source.is_begun());
}
