use std::time::Duration;

use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::test_runner::Config;

use super::*;
use crate::clock::tests::reading;
use crate::clock::{Offset, OffsetEstimate};
use crate::proxy::{PooledToken, ProxyEvent, ProxyEventKind, RateWindow, RunTotals};

const NOW: i64 = 1_790_000_000;

/// Measured a second ago; in milliseconds, with a drift of half a millisecond to come.
fn estimate(min: i64, max: i64) -> OffsetEstimate {
    let [min, max] = [min, max].map(SignedDuration::from_millis);
    OffsetEstimate { at: reading(1_000, NOW), offset: Offset { min, max }, contacts: 3 }
}

fn status() -> ProxyStatus {
    ProxyStatus {
        at: reading(1_000, NOW),
        started: reading(0, NOW - 1_000),
        skew: SignedDuration::from_secs(5),
        effective_skew: SignedDuration::from_secs(5),
        issuer_clock: Some(estimate(-200, 800)),
        api_clock: Some(estimate(1_700, 2_700)),
        tokens: vec![token(0, 3_000)],
        events: Vec::new(),
        totals: RunTotals::default(),
        outage: None,
    }
}

fn token(slot: u32, remaining: i64) -> PooledToken {
    PooledToken {
        slot,
        remaining: SignedDuration::from_secs(remaining),
        lifetime: SignedDuration::from_secs(3_600),
        window: Some(RateWindow { requests: 120, limit: 300, remaining: Duration::from_secs(20) }),
        closed_for: None,
    }
}

fn title_of(status: &ProxyStatus) -> &'static str {
    headline::Health::of(status).title()
}

#[test]
fn the_headline_tells_what_a_client_would_meet() {
    let mut status = status();
    assert_eq!(title_of(&status), "Ready");
    let at = status.at.clone();
    let kind = ProxyEventKind::RefreshFailed;
    status.events = vec![ProxyEvent { first: at.clone(), last: at, kind, count: 1 }];
    assert_eq!(title_of(&status), "Ready, but renewals fail");
    status.tokens[0].closed_for = Some(Duration::from_secs(42));
    assert_eq!(title_of(&status), "Held back by the rate limit");
    status.tokens[0].remaining = SignedDuration::ZERO;
    assert_eq!(title_of(&status), "Not ready");
    status.tokens.clear();
    assert_eq!(title_of(&status), "Not ready");
    let page = document(&status);
    assert!(page.contains("<title>Not ready · gc-token</title>"), "{page}");
    assert!(page.contains("There is no token yet."), "{page}");
}

#[test]
fn a_clock_of_another_boot_is_unknown() {
    let mut status = status();
    assert!(clock_chart(&status).api.is_some());
    status.api_clock.as_mut().unwrap().at.boot_id = None;
    assert_eq!(clock_chart(&status).api, None);
}

#[test]
fn foreign_text_is_escaped_and_on_one_line() {
    let mut status = status();
    status.outage = Some("<script>alert(1)</script>\n\u{1b}[31m\"&".to_owned());
    let content = content(&status).into_string();
    assert!(content.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{content}");
    assert!(!content.contains(['\n', '\u{1b}']), "{content}");
}

#[test]
fn the_policy_allows_the_page_and_nothing_else() {
    let policy = &*CONTENT_SECURITY_POLICY;
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    let page = document(&status());
    for text in [web::STYLE, SCRIPT] {
        assert!(page.contains(&format!(">{text}</")), "the hash is not that of the page");
    }
    for attribute in [" style=", " onload=", " onclick=", " src="] {
        assert!(!page.contains(attribute), "{attribute} is against the policy");
    }
}

/// From a part of a second to longer than any clock counts.
fn any_duration() -> impl Strategy<Value = SignedDuration> {
    prop_oneof![
        (-20_000_i64..20_000).prop_map(SignedDuration::from_millis),
        (-400_000_000_i64..400_000_000).prop_map(SignedDuration::from_secs),
        Just(SignedDuration::MIN),
        Just(SignedDuration::MAX),
        Just(SignedDuration::ZERO),
    ]
}

fn any_time() -> impl Strategy<Value = Duration> {
    prop_oneof![(0_u64..100_000).prop_map(Duration::from_millis), Just(Duration::MAX)]
}

fn any_clock() -> impl Strategy<Value = Option<OffsetEstimate>> {
    prop::option::of((any_duration(), any_duration(), 0_i64..2_000).prop_map(
        |(one, other, boot)| {
            let offset = Offset { min: one.min(other), max: one.max(other) };
            OffsetEstimate { at: reading(boot, NOW), offset, contacts: 1 }
        },
    ))
}

fn any_token() -> impl Strategy<Value = PooledToken> {
    let window = (any::<u32>(), prop_oneof![Just(0), Just(300), any::<u32>()], any_time());
    let window =
        window.prop_map(|(requests, limit, remaining)| RateWindow { requests, limit, remaining });
    let window = prop::option::of(window);
    (any::<u32>(), any_duration(), any_duration(), window, prop::option::of(any_time())).prop_map(
        |(slot, remaining, lifetime, window, closed_for)| PooledToken {
            slot,
            remaining,
            lifetime,
            window,
            closed_for,
        },
    )
}

fn any_event() -> impl Strategy<Value = ProxyEvent> {
    let kind = prop_oneof![
        Just(ProxyEventKind::TokenRenewed),
        Just(ProxyEventKind::RefreshFailed),
        Just(ProxyEventKind::Unauthorized),
        Just(ProxyEventKind::RateLimited),
        Just(ProxyEventKind::NoTokenInTime),
        any_time().prop_map(ProxyEventKind::Delayed),
    ];
    (0_i64..2_000, 0_i64..2_000, kind, any::<u32>()).prop_map(|(first, last, kind, count)| {
        let [first, last] = [first, last].map(|boot| reading(boot, NOW));
        ProxyEvent { first, last, kind, count }
    })
}

prop_compose! {
    fn any_status()(
        issuer_clock in any_clock(),
        api_clock in any_clock(),
        skew in any_duration(),
        effective_skew in any_duration(),
        tokens in prop::collection::vec(any_token(), 0..50),
        events in prop::collection::vec(any_event(), 0..20),
        outage in prop::option::of("\\PC{0,200}"),
    ) -> ProxyStatus {
        ProxyStatus { issuer_clock, api_clock, skew, effective_skew, tokens, events, outage, ..status() }
    }
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, cases: 128, ..Config::default() })]

    #[test]
    fn no_state_breaks_the_layout(status in any_status()) {
        let page = document(&status);
        for attribute in ["x", "width", "x1", "x2", "cx", "y", "height"] {
            for rest in page.split(&format!(" {attribute}=\"")).skip(1) {
                let value = rest.split_once('"').unwrap().0;
                let number: f64 = value.trim_end_matches('%').parse().unwrap();
                prop_assert!(number.is_finite() && number >= 0.0, "{attribute}={value}");
                prop_assert!(!value.ends_with('%') || number <= 100.0, "{attribute}={value}");
            }
        }
        prop_assert!(!page.contains("NaN") && !page.contains("inf"), "{page}");
    }
}
