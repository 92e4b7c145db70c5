//! Tokens that are revoked when idle for 80 s: the API is called after half of that.

use super::*;
use crate::oauth::tokens_me::TokenStatus;

fn idle_token_source(
    results: impl IntoIterator<Item = Result<ProvidedToken>>,
) -> (Arc<TokenSource>, Arc<FakeBackend>, Arc<FakeClock>) {
    token_source_with(Some(IdleTimeout::new(SignedDuration::from_secs(80))), results)
}

fn answer(status: TokenStatus, used: Option<Reading>) -> Result<TokenCheck> {
    Ok(TokenCheck { status, clock: None, used })
}

/// Lets the API accept the next call at this moment.
fn is_accepted_at(backend: &FakeBackend, clock: &FakeClock) {
    backend.calls.lock().unwrap().push_back(answer(TokenStatus::Accepted, Some(clock.read())));
}

fn calls(backend: &FakeBackend) -> usize {
    backend.called.lock().unwrap().len()
}

#[tokio::test]
async fn an_unused_token_is_kept_alive_by_a_call() {
    let (token_source, backend, clock) = idle_token_source([]);
    clock.advance(38);
    token_source.keep_alive().await;
    assert_eq!(calls(&backend), 0);
    clock.advance(1);
    is_accepted_at(&backend, &clock);
    token_source.keep_alive().await;
    assert_eq!(*backend.called.lock().unwrap(), ["first"]);
    assert_eq!(*backend.recorded.lock().unwrap(), [("first".to_owned(), 140)]);
    clock.advance(39);
    token_source.keep_alive().await;
    assert_eq!(calls(&backend), 1, "that was a use");
    assert_eq!(backend.asked(), 0);
}

#[tokio::test]
async fn traffic_makes_calls_unnecessary_and_is_recorded_at_times() {
    let (token_source, backend, clock) = idle_token_source([]);
    let first = token_source.state().current.clone();
    for _ in 0..30 {
        clock.advance(4);
        token_source.note_use(&first, &clock.read());
        token_source.keep_alive().await;
    }
    assert_eq!(calls(&backend), 0);
    let recorded: Vec<_> = backend.recorded.lock().unwrap().iter().map(|(_, at)| *at).collect();
    assert_eq!(recorded, (112..=221).step_by(12).chain([]).map(|at| at + 1).collect::<Vec<_>>());
    token_source.record_use();
    let (_, at) = backend.recorded.lock().unwrap().last().cloned().unwrap();
    assert_eq!(at, 221, "the last use is recorded at the end");
}

#[tokio::test]
async fn a_slow_request_counts_from_its_beginning() {
    let (token_source, backend, clock) = idle_token_source([]);
    let first = token_source.state().current.clone();
    let (early, late) = (reading(110, 1_010), reading(120, 1_020));
    token_source.note_use(&first, &late);
    token_source.note_use(&first, &early);
    clock.advance(58);
    token_source.keep_alive().await;
    assert_eq!(calls(&backend), 0);
    clock.advance(1);
    is_accepted_at(&backend, &clock);
    token_source.keep_alive().await;
    assert_eq!(calls(&backend), 1);
}

#[tokio::test]
async fn a_revoked_idle_token_is_replaced() {
    let (token_source, backend, clock) = idle_token_source([minted("second")]);
    backend.open();
    clock.advance(100);
    backend.calls.lock().unwrap().push_back(answer(TokenStatus::Rejected, None));
    token_source.keep_alive().await;
    assert_eq!(text(&token_source.state().current), "second");
    assert_eq!(*backend.asked.lock().unwrap(), [Some("first".to_owned())]);
}

#[tokio::test]
async fn failing_calls_back_off() {
    let (token_source, backend, clock) = idle_token_source([]);
    clock.advance(50);
    let mut made = Vec::new();
    for _ in 0..9 {
        let error = Error::new(Kind::Unavailable, "the API is down");
        backend.calls.lock().unwrap().push_back(Err(error));
        token_source.keep_alive().await;
        made.push(calls(&backend));
        clock.advance(1);
    }
    assert_eq!(made, [1, 2, 2, 3, 3, 3, 3, 4, 4]);
    assert!(token_source.until_idle().is_positive(), "the background task does not spin");
}

#[tokio::test]
async fn a_use_of_an_earlier_token_does_not_count() {
    let (token_source, backend, clock) = idle_token_source([minted("second")]);
    backend.open();
    let first = token_source.state().current.clone();
    token_source.replace_rejected(first.clone()).await.unwrap();
    // Both were made at second 100.
    clock.advance(39);
    token_source.note_use(&first, &clock.read());
    is_accepted_at(&backend, &clock);
    token_source.keep_alive().await;
    assert_eq!(*backend.called.lock().unwrap(), ["second"]);
}

#[tokio::test]
async fn without_a_timeout_no_call_is_made() {
    let (token_source, backend, clock) = token_source([]);
    clock.advance(200);
    token_source.note_use(&token_source.state().current.clone(), &clock.read());
    token_source.keep_alive().await;
    token_source.record_use();
    assert_eq!((calls(&backend), backend.recorded.lock().unwrap().len()), (0, 0));
    assert_eq!(token_source.until_idle(), SignedDuration::MAX);
}
