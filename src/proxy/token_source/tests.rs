//! A token source whose backend responds as scripted, when it is told to.

mod keep_alive;

use std::collections::VecDeque;
use std::sync::Condvar;
use std::time::Duration;

use hyper::header::{AUTHORIZATION, HeaderMap, HeaderValue};

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
        panic!("the token source sleeps on the runtime")
    }
}

struct FakeBackend {
    policy: FreshnessPolicy,
    results: Mutex<VecDeque<Result<ProvidedToken>>>,
    /// The rejected token of each request for a token.
    asked: Mutex<Vec<Option<String>>>,
    /// The results of calls to the API, and the tokens of those that were made.
    calls: Mutex<VecDeque<Result<TokenCheck>>>,
    called: Mutex<Vec<String>>,
    /// The recorded uses, in seconds of the boot clock.
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

impl TokenBackend for FakeBackend {
    fn has_store(&self) -> bool {
        false
    }

    fn get_token(&self, rejected: Option<&AccessToken>) -> Result<ProvidedToken> {
        self.asked.lock().unwrap().push(rejected.map(|token| token.expose().to_owned()));
        let open = self.open.lock().unwrap();
        drop(self.opened.wait_while(open, |open| !*open).unwrap());
        self.results.lock().unwrap().pop_front().expect("no request was expected")
    }

    fn get_verified_token(&self) -> Result<ProvidedToken> {
        self.get_token(None)
    }

    fn call_api(&self, token: &AccessToken) -> Result<TokenCheck> {
        self.called.lock().unwrap().push(token.expose().to_owned());
        self.calls.lock().unwrap().pop_front().expect("no call was expected")
    }

    fn requests_per_minute(&self, _: &AccessToken) -> Result<Option<u32>> {
        Ok(None)
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

/// Starts with the token `first`, which is valid from second 100 to 400.
fn token_source(
    results: impl IntoIterator<Item = Result<ProvidedToken>>,
) -> (Arc<TokenSource>, Arc<FakeBackend>, Arc<FakeClock>) {
    token_source_with(None, results)
}

/// Like `token_source`, where idle tokens are revoked.
fn token_source_with(
    idle_timeout: Option<IdleTimeout>,
    results: impl IntoIterator<Item = Result<ProvidedToken>>,
) -> (Arc<TokenSource>, Arc<FakeBackend>, Arc<FakeClock>) {
    let clock = Arc::new(FakeClock(Mutex::new(reading(101, 1_001))));
    let backend = Arc::new(FakeBackend {
        policy: FreshnessPolicy {
            skew: SignedDuration::from_secs(5),
            min_ttl: MinTtl::Explicit(SignedDuration::from_secs(60)),
            newer_than: None,
            idle_timeout,
        },
        results: Mutex::new(results.into_iter().collect()),
        asked: Mutex::default(),
        calls: Mutex::default(),
        called: Mutex::default(),
        recorded: Mutex::default(),
        open: Mutex::new(false),
        opened: Condvar::new(),
    });
    let run = run_context(clock.clone());
    let first = BearerToken::new(token("first", 300));
    let token_source = TokenSource::new(backend.clone(), first, run);
    (Arc::new(token_source), backend, clock)
}

pub(in super::super) fn run_context(clock: Arc<dyn Clock>) -> RunContext {
    let (reporter, now) = (Arc::new(Reporter::collected().0), clock.read().wall);
    let first = token("first", 300).access_token;
    let accepted = AcceptedTokens::new(&first, None, None, now, &reporter);
    RunContext {
        clock,
        reporter,
        metrics: Arc::default(),
        events: Arc::default(),
        accepted: accepted.into(),
    }
}

fn text(current: &BearerToken) -> &str {
    current.token.access_token.expose()
}

/// Lets other tasks run until something has happened.
async fn until(happened: impl Fn() -> bool) {
    while !happened() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn waiting_requests_share_one_mint() {
    let (token_source, backend, _) = token_source([minted("second")]);
    let first = token_source.state().current.clone();
    let wait = || {
        let (token_source, first) = (token_source.clone(), first.clone());
        tokio::spawn(async move { token_source.replace_rejected(first).await })
    };
    let waiting: Vec<_> = (0..50).map(|_| wait()).collect();
    until(|| backend.asked() == 1).await;
    backend.open();
    for one in waiting {
        assert_eq!(text(&one.await.unwrap().unwrap()), "second");
    }
    // A late request with the first token gets the second one.
    assert_eq!(text(&token_source.replace_rejected(first).await.unwrap()), "second");
    assert_eq!(*backend.asked.lock().unwrap(), [Some("first".to_owned())]);
    assert_eq!(token_source.run.metrics.summary().unwrap(), "1 token renewed");
    let now = reading(101, 1_001).wall;
    let is_recognized = |token: &str| {
        let value = HeaderValue::from_str(&format!("bearer {token}")).unwrap();
        let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
        token_source.run.accepted.recognizes(&headers, |_| false, now)
    };
    assert!(is_recognized("first") && is_recognized("second") && !is_recognized("third"));
}

#[tokio::test]
async fn a_client_that_disconnects_does_not_cancel_the_mint() {
    let (token_source, backend, _) = token_source([minted("second")]);
    let first = token_source.state().current.clone();
    let leaving = tokio::spawn({
        let token_source = token_source.clone();
        async move { token_source.replace_rejected(first).await }
    });
    until(|| backend.asked() == 1).await;
    leaving.abort();
    assert!(leaving.await.is_err());
    backend.open();
    until(|| text(&token_source.state().current) == "second").await;
    assert_eq!(backend.asked(), 1);
}

#[tokio::test]
async fn waiting_requests_share_a_failure() {
    let (token_source, backend, _) = token_source([down(), minted("second")]);
    let first = token_source.state().current.clone();
    let wait = || {
        let (token_source, first) = (token_source.clone(), first.clone());
        tokio::spawn(async move { token_source.replace_rejected(first).await })
    };
    let waiting: Vec<_> = (0..50).map(|_| wait()).collect();
    until(|| backend.asked() == 1).await;
    backend.open();
    for one in waiting {
        assert!(one.await.unwrap().is_none());
    }
    assert_eq!(backend.asked(), 1);
    // The failure has used one of the allowed refreshes for all of them.
    assert_eq!(text(&token_source.replace_rejected(first).await.unwrap()), "second");
}

#[tokio::test]
async fn the_background_task_backs_off_after_failures() {
    let (token_source, backend, clock) = token_source([down(), down(), down(), minted("second")]);
    backend.open();
    let first = token_source.state().current.clone();
    let mut came = Vec::new();
    for _ in 0..8 {
        let renewed = token_source.refresh(first.clone(), RefreshReason::Expiring).await;
        came.push((backend.asked(), renewed.is_some()));
        clock.advance(1);
    }
    // At once, one second later, two seconds later, four seconds later.
    let expected = [1, 2, 2, 3, 3, 3, 3, 4].map(|asked| (asked, asked == 4));
    assert_eq!(came, expected);
    assert!(backend.asked.lock().unwrap().iter().all(Option::is_none));
}

#[tokio::test]
async fn the_same_token_again_counts_as_no_refresh() {
    let same = ProvidedToken { token: token("first", 300), origin: TokenOrigin::Cached };
    let (token_source, backend, _) = token_source([Ok(same)]);
    backend.open();
    let first = token_source.state().current.clone();
    assert!(token_source.refresh(first, RefreshReason::Expiring).await.is_some());
    assert_eq!(token_source.run.metrics.summary(), None);
}

#[tokio::test]
async fn an_expired_token_is_replaced_before_it_is_used() {
    let (token_source, backend, clock) = token_source([down(), minted("second")]);
    backend.open();
    assert!(matches!(token_source.current().await, TokenForRequest::Usable(_)));
    assert_eq!(backend.asked(), 0);
    clock.advance(400);
    assert!(
        matches!(token_source.current().await, TokenForRequest::Expired(expired) if text(&expired) == "first")
    );
    // That one is of second 100, too: expired on arrival, but not the same.
    assert!(
        matches!(token_source.current().await, TokenForRequest::Usable(new) if text(&new) == "second")
    );
}
