//! The token_source with a source that answers as it is told, when it is told to.

mod idle;

use std::collections::VecDeque;
use std::sync::Condvar;
use std::time::Duration;

use super::*;
use crate::broker::{ProvidedToken, TokenOrigin};
use crate::clock::Reading;
use crate::clock::tests::reading;
use crate::error::{Error, Kind, Result};
use crate::oauth::tokens_me::TokenCheck;
use crate::token::tests::token;
use crate::token::{AccessToken, FreshnessPolicy, IdleTimeout, MinTtl};

struct FakeClock(Mutex<Reading>);

impl FakeClock {
    fn advance(&self, seconds: i64) {
        let mut reading = self.0.lock().unwrap();
        reading.boot += SignedDuration::from_secs(seconds);
        reading.wall += SignedDuration::from_secs(seconds);
    }
}

impl Clock for FakeClock {
    fn read(&self) -> Reading {
        self.0.lock().unwrap().clone()
    }

    fn sleep(&self, _: Duration) {
        panic!("the token_source waits on its runtime")
    }
}

struct FakeBackend {
    policy: FreshnessPolicy,
    answers: Mutex<VecDeque<Result<ProvidedToken>>>,
    /// The token that was refused, for each call.
    asked: Mutex<Vec<Option<String>>>,
    /// What comes of calls with the token, and the tokens of those that were made.
    calls: Mutex<VecDeque<Result<TokenCheck>>>,
    called: Mutex<Vec<String>>,
    /// The uses that were recorded, by the boot clock.
    recorded: Mutex<Vec<(String, i64)>>,
    open: Mutex<bool>,
    opened: Condvar,
}

impl FakeBackend {
    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.opened.notify_all();
    }
}

impl Source for FakeBackend {
    fn next(&self, refused: Option<&AccessToken>) -> Result<ProvidedToken> {
        self.asked.lock().unwrap().push(refused.map(|token| token.expose().to_owned()));
        let open = self.open.lock().unwrap();
        drop(self.opened.wait_while(open, |open| !*open).unwrap());
        self.answers.lock().unwrap().pop_front().expect("it was not expected to be asked")
    }

    fn reload(&self) -> Result<ProvidedToken> {
        self.next(None)
    }

    fn call(&self, token: &AccessToken) -> Result<TokenCheck> {
        self.called.lock().unwrap().push(token.expose().to_owned());
        self.calls.lock().unwrap().pop_front().expect("no call was expected")
    }

    fn record_use(&self, token: &AccessToken, used: &Reading) {
        let at = used.boot.as_secs();
        self.recorded.lock().unwrap().push((token.expose().to_owned(), at));
    }

    fn policy(&self) -> &FreshnessPolicy {
        &self.policy
    }
}

fn minted(text: &str) -> Result<ProvidedToken> {
    Ok(ProvidedToken { token: token(text, 300), origin: TokenOrigin::Minted })
}

fn down() -> Result<ProvidedToken> {
    Err(Error::new(Kind::Unavailable, "the issuer is down"))
}

/// A token_source of the token `first`, which lives from second 100 to 400.
fn token_source(
    answers: impl IntoIterator<Item = Result<ProvidedToken>>,
) -> (Arc<TokenSource>, Arc<FakeBackend>, Arc<FakeClock>) {
    token_source_with(None, answers)
}

/// The same where tokens that are not used for so long are revoked.
fn token_source_with(
    idle_timeout: Option<IdleTimeout>,
    answers: impl IntoIterator<Item = Result<ProvidedToken>>,
) -> (Arc<TokenSource>, Arc<FakeBackend>, Arc<FakeClock>) {
    let clock = Arc::new(FakeClock(Mutex::new(reading(101, 1_001))));
    let source = Arc::new(FakeBackend {
        policy: FreshnessPolicy {
            skew: SignedDuration::from_secs(5),
            min_ttl: MinTtl::Explicit(SignedDuration::from_secs(60)),
            newer_than: None,
            idle_timeout,
        },
        answers: Mutex::new(answers.into_iter().collect()),
        asked: Mutex::default(),
        calls: Mutex::default(),
        called: Mutex::default(),
        recorded: Mutex::default(),
        open: Mutex::new(false),
        opened: Condvar::new(),
    });
    let context = Context {
        env: [].into(),
        clock: clock.clone(),
        directories: Arc::default(),
        reporter: Arc::new(Reporter::collected().0),
    };
    let metrics = Arc::new(Metrics::default());
    let token_source =
        TokenSource::new(source.clone(), token("first", 300), None, None, &context, metrics);
    (Arc::new(token_source), source, clock)
}

fn text(current: &Current) -> &str {
    current.token.access_token.expose()
}

/// Lets the others work until something has happened.
async fn until(happened: impl Fn() -> bool) {
    while !happened() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn all_who_wait_get_the_token_of_one_mint() {
    let (token_source, source, _) = token_source([minted("second")]);
    let first = token_source.state().current.clone();
    let wait = || {
        let (token_source, first) = (token_source.clone(), first.clone());
        tokio::spawn(async move { token_source.replace(first).await })
    };
    let waiting: Vec<_> = (0..50).map(|_| wait()).collect();
    until(|| source.asked() == 1).await;
    source.open();
    for one in waiting {
        assert_eq!(text(&one.await.unwrap().unwrap()), "second");
    }
    // Who comes late with the first one finds the second one there.
    assert_eq!(text(&token_source.replace(first).await.unwrap()), "second");
    assert_eq!(*source.asked.lock().unwrap(), [Some("first".to_owned())]);
    assert_eq!(token_source.metrics.summary().unwrap(), "1 token renewed");
    for known in ["first", "second"] {
        let value = HeaderValue::from_str(&format!("bearer {known}")).unwrap();
        assert!(token_source.knows(&HeaderMap::from_iter([(AUTHORIZATION, value)])), "{known}");
    }
    let other = HeaderValue::from_static("Bearer third");
    assert!(!token_source.knows(&HeaderMap::from_iter([(AUTHORIZATION, other)])));
}

#[tokio::test]
async fn who_goes_away_takes_no_mint_along() {
    let (token_source, source, _) = token_source([minted("second")]);
    let first = token_source.state().current.clone();
    let leaving = tokio::spawn({
        let token_source = token_source.clone();
        async move { token_source.replace(first).await }
    });
    until(|| source.asked() == 1).await;
    leaving.abort();
    assert!(leaving.await.is_err());
    source.open();
    until(|| text(&token_source.state().current) == "second").await;
    assert_eq!(source.asked(), 1);
}

#[tokio::test]
async fn a_failure_is_shared_and_costs_the_waiting_nothing() {
    let (token_source, source, _) = token_source([down(), minted("second")]);
    let first = token_source.state().current.clone();
    let wait = || {
        let (token_source, first) = (token_source.clone(), first.clone());
        tokio::spawn(async move { token_source.replace(first).await })
    };
    let waiting: Vec<_> = (0..50).map(|_| wait()).collect();
    until(|| source.asked() == 1).await;
    source.open();
    for one in waiting {
        assert!(one.await.unwrap().is_none());
    }
    assert_eq!(source.asked(), 1);
    // The next request need not wait for the rate_limit.
    assert_eq!(text(&token_source.replace(first).await.unwrap()), "second");
}

#[tokio::test]
async fn the_background_waits_longer_after_each_failure() {
    let (token_source, source, clock) = token_source([down(), down(), down(), minted("second")]);
    source.open();
    let first = token_source.state().current.clone();
    let mut came = Vec::new();
    for _ in 0..8 {
        let renewed = token_source.renew(first.clone(), Why::Short).await;
        came.push((source.asked(), renewed.is_some()));
        clock.advance(1);
    }
    // At once, one second later, two seconds later, four seconds later.
    let expected = [1, 2, 2, 3, 3, 3, 3, 4].map(|asked| (asked, asked == 4));
    assert_eq!(came, expected);
    assert!(source.asked.lock().unwrap().iter().all(Option::is_none));
}

#[tokio::test]
async fn a_token_that_is_handed_back_is_none_that_was_renewed() {
    let same = ProvidedToken { token: token("first", 300), origin: TokenOrigin::Cached };
    let (token_source, source, _) = token_source([Ok(same)]);
    source.open();
    let first = token_source.state().current.clone();
    assert!(token_source.renew(first, Why::Short).await.is_some());
    assert_eq!(token_source.metrics.summary(), None);
}

#[tokio::test]
async fn a_token_that_has_died_is_replaced_before_it_is_used() {
    let (token_source, source, clock) = token_source([down(), minted("second")]);
    source.open();
    assert!(matches!(token_source.current().await, Found::Alive(_)));
    assert_eq!(source.asked(), 0);
    clock.advance(400);
    assert!(matches!(token_source.current().await, Found::Dead(dead) if text(&dead) == "first"));
    // That one is of second 100, too: dead on arrival, but another one.
    assert!(matches!(token_source.current().await, Found::Alive(new) if text(&new) == "second"));
}
