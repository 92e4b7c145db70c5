//! Bodies that arrive in chunks, and attempts that send them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

use hyper::header::HeaderValue;

use super::super::buffer_budget::MAX_PER_BODY;
use super::*;

/// An event of the client's body.
enum Step {
    Data(Bytes),
    Trailers,
    Error,
    Pending,
}

struct Script(VecDeque<Step>);

impl Body for Script {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Poll::Ready(match self.0.pop_front() {
            None => None,
            Some(Step::Data(data)) => Some(Ok(Frame::data(data))),
            Some(Step::Trailers) => {
                let sum = HeaderValue::from_static("3");
                let name = hyper::header::HeaderName::from_static("x-sum");
                Some(Ok(Frame::trailers(HeaderMap::from_iter([(name, sum)]))))
            }
            Some(Step::Error) => Some(Err("the client left".into())),
            Some(Step::Pending) => return Poll::Pending,
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

fn replay_body(pieces: impl IntoIterator<Item = Step>) -> ReplayBody<Script> {
    ReplayBody::new(Script(pieces.into_iter().collect()), &Arc::default())
}

fn data(text: &'static str) -> Step {
    Step::Data(Bytes::from_static(text.as_bytes()))
}

/// Polls the attempt until it ends (`.`), is pending (`...`) or fails (`!`).
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
fn each_attempt_starts_at_the_beginning() {
    let mut first =
        replay_body([data("ab"), Step::Pending, data("c"), Step::Pending, Step::Trailers]);
    let shared = first.shared();
    let count = Arc::default();
    assert_eq!(send_waking(&mut first, &count), "ab...");
    let mut second = ReplayBody::replay(shared.as_ref()).unwrap();
    // The first attempt is woken: its connection would wait for ever.
    assert_eq!(count.0.load(Ordering::SeqCst), 1);
    assert_eq!(send(&mut first), "!the request is being sent again");
    assert_eq!(send(&mut second), "abc...");
    assert_eq!(send(&mut second), "#.");
    let mut third = ReplayBody::replay(shared.as_ref()).unwrap();
    assert_eq!(send(&mut third), "abc#.");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_sent_once() {
    let largest = || Step::Data(vec![b'x'; MAX_PER_BODY].into());
    let mut fits = replay_body([largest()]);
    let shared = fits.shared();
    assert_eq!(send(&mut fits).len(), MAX_PER_BODY + 1);
    assert_eq!(send(&mut ReplayBody::replay(shared.as_ref()).unwrap()).len(), MAX_PER_BODY + 1);
    let mut more = replay_body([largest(), data("y")]);
    let shared = more.shared();
    assert_eq!(send(&mut more).len(), MAX_PER_BODY + 2);
    assert!(ReplayBody::replay(shared.as_ref()).is_none());
}

#[test]
fn a_body_that_the_client_did_not_complete_is_not_replayed() {
    let mut first = replay_body([data("ab"), Step::Error]);
    let shared = first.shared();
    assert_eq!(send(&mut first), "ab!the client left");
    assert_eq!(shared.as_ref().unwrap().client_error().as_deref(), Some("the client left"));
    assert!(ReplayBody::replay(shared.as_ref()).is_none());
}

#[test]
fn a_request_without_a_body_can_always_be_replayed() {
    let none = ReplayBody::<Script>::replay(None).unwrap();
    assert!(none.is_end_stream());
    assert_eq!(none.size_hint().exact(), Some(0));
}

#[test]
fn an_attempt_is_started_once_it_is_polled() {
    let mut first = replay_body([data("a")]);
    let shared = first.shared().unwrap();
    assert!(!shared.is_started());
    send(&mut first);
    assert!(shared.is_started());
    let mut second = ReplayBody::replay(Some(&shared)).unwrap();
    assert!(!shared.is_started());
    // An earlier attempt does not count.
    send(&mut first);
    assert!(!shared.is_started());
    send(&mut second);
    assert!(shared.is_started());
}
