//! Tokens that are revoked when nobody uses them for 80 s: after half of that, a
//! call is made.

use super::*;
use crate::oauth::tokens_me::TokenStatus;

fn idle_token_source(
    answers: impl IntoIterator<Item = Result<ProvidedToken>>,
) -> (Arc<TokenSource>, Arc<FakeBackend>, Arc<FakeClock>) {
    token_source_with(Some(IdleTimeout::new(SignedDuration::from_secs(80))), answers)
}

fn answer(status: TokenStatus, used: Option<Reading>) -> Result<TokenCheck> {
    Ok(TokenCheck { status, clock: None, used })
}

/// The next call is made at this moment, and accepted.
fn is_accepted_at(source: &FakeBackend, clock: &FakeClock) {
    source.calls.lock().unwrap().push_back(answer(TokenStatus::Accepted, Some(clock.read())));
}

fn calls(source: &FakeBackend) -> usize {
    source.called.lock().unwrap().len()
}

#[tokio::test]
async fn a_token_that_nobody_uses_is_kept_alive_by_a_call() {
    let (token_source, source, clock) = idle_token_source([]);
    clock.advance(38);
    token_source.keep_in_use().await;
    assert_eq!(calls(&source), 0);
    clock.advance(1);
    is_accepted_at(&source, &clock);
    token_source.keep_in_use().await;
    assert_eq!(*source.called.lock().unwrap(), ["first"]);
    assert_eq!(*source.recorded.lock().unwrap(), [("first".to_owned(), 140)]);
    clock.advance(39);
    token_source.keep_in_use().await;
    assert_eq!(calls(&source), 1, "that was a use");
    assert_eq!(source.asked(), 0);
}

#[tokio::test]
async fn traffic_takes_the_place_of_calls_and_is_recorded_now_and_then() {
    let (token_source, source, clock) = idle_token_source([]);
    let first = token_source.state().current.clone();
    for _ in 0..30 {
        clock.advance(4);
        token_source.was_used(&first, &clock.read());
        token_source.keep_in_use().await;
    }
    assert_eq!(calls(&source), 0);
    let recorded: Vec<_> = source.recorded.lock().unwrap().iter().map(|(_, at)| *at).collect();
    assert_eq!(recorded, (112..=221).step_by(12).chain([]).map(|at| at + 1).collect::<Vec<_>>());
    token_source.record_use();
    let (_, at) = source.recorded.lock().unwrap().last().cloned().unwrap();
    assert_eq!(at, 221, "the last use is recorded at the end");
}

#[tokio::test]
async fn a_request_that_took_long_counts_from_its_beginning() {
    let (token_source, source, clock) = idle_token_source([]);
    let first = token_source.state().current.clone();
    let (early, late) = (reading(110, 1_010), reading(120, 1_020));
    token_source.was_used(&first, &late);
    token_source.was_used(&first, &early);
    clock.advance(58);
    token_source.keep_in_use().await;
    assert_eq!(calls(&source), 0);
    clock.advance(1);
    is_accepted_at(&source, &clock);
    token_source.keep_in_use().await;
    assert_eq!(calls(&source), 1);
}

#[tokio::test]
async fn an_idle_token_that_was_revoked_is_replaced() {
    let (token_source, source, clock) = idle_token_source([minted("second")]);
    source.open();
    clock.advance(100);
    source.calls.lock().unwrap().push_back(answer(TokenStatus::Rejected, None));
    token_source.keep_in_use().await;
    assert_eq!(text(&token_source.state().current), "second");
    assert_eq!(*source.asked.lock().unwrap(), [Some("first".to_owned())]);
}

#[tokio::test]
async fn a_call_that_fails_is_made_again_later_and_later() {
    let (token_source, source, clock) = idle_token_source([]);
    clock.advance(50);
    let mut made = Vec::new();
    for _ in 0..9 {
        let error = Error::new(Kind::Unavailable, "the API is down");
        source.calls.lock().unwrap().push_back(Err(error));
        token_source.keep_in_use().await;
        made.push(calls(&source));
        clock.advance(1);
    }
    assert_eq!(made, [1, 2, 2, 3, 3, 3, 3, 4, 4]);
    assert!(token_source.until_idle().is_positive(), "the background does not spin");
}

#[tokio::test]
async fn the_use_of_an_earlier_token_is_none_of_the_current_one() {
    let (token_source, source, clock) = idle_token_source([minted("second")]);
    source.open();
    let first = token_source.state().current.clone();
    token_source.replace(first.clone()).await.unwrap();
    // Both were made at second 100.
    clock.advance(39);
    token_source.was_used(&first, &clock.read());
    is_accepted_at(&source, &clock);
    token_source.keep_in_use().await;
    assert_eq!(*source.called.lock().unwrap(), ["second"]);
}

#[tokio::test]
async fn without_a_timeout_nothing_is_done() {
    let (token_source, source, clock) = token_source([]);
    clock.advance(200);
    token_source.was_used(&token_source.state().current.clone(), &clock.read());
    token_source.keep_in_use().await;
    token_source.record_use();
    assert_eq!((calls(&source), source.recorded.lock().unwrap().len()), (0, 0));
    assert_eq!(token_source.until_idle(), SignedDuration::MAX);
}
