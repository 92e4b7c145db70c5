//! Tokens for tests, and the tests of what a stamp says.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::clock::OffsetEstimate;
use crate::clock::tests::reading;

/// An opaque token that was asked for at boot 100 s, wall 1000 s, and lives
/// `lifetime` seconds.
pub(crate) fn token(text: &str, lifetime: i64) -> Token {
    Token {
        access_token: AccessToken::new(text.into()),
        validity: TokenValidity::new(
            reading(100, 1_000),
            SignedDuration::from_secs(lifetime),
            None,
            None,
        ),
    }
}

/// The same, where the issuer's clock showed `date` one second later.
fn measured(lifetime: i64, not_before: Option<i64>, date: i64) -> TokenValidity {
    let issuer =
        OffsetEstimate::from_date_header(&reading(100, 1_000), &reading(101, 1_001), at(date));
    let lifetime = SignedDuration::from_secs(lifetime);
    TokenValidity::new(reading(100, 1_000), lifetime, not_before.map(at), issuer)
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

#[test]
fn debug_shows_no_token() {
    let shown = format!("{:?}", token("s3cret", 300));
    assert!(shown.contains("redacted") && !shown.contains("s3cret"), "{shown}");
}

#[test]
fn the_end_is_told_in_the_issuers_time_where_that_is_known() {
    assert_eq!(token("t", 300).validity.expires_at().as_second(), 1_300);
    // The issuer showed at least 4999 when the request was sent, less half a
    // millisecond of drift.
    assert_eq!(measured(300, None, 5_000).expires_at().as_second(), 5_298);
}

#[test]
fn a_jwt_of_tomorrow_is_held_back_for_no_longer_than_the_skew() {
    let skew = SignedDuration::from_secs(5);
    let wait = |validity: &TokenValidity, boot| {
        validity.wait_before_use(&reading(boot, boot + 900), skew).as_secs()
    };
    assert_eq!(wait(&token("t", 300).validity, 101), 0, "no measure");
    let mut validity = measured(300, Some(5_002), 5_000);
    assert_eq!(wait(&validity, 101), 2);
    assert_eq!(wait(&validity, 102), 1);
    assert_eq!(wait(&validity, 110), 0);
    // The API judges, and its clock is a second behind.
    validity.api_clock =
        OffsetEstimate::from_date_header(&reading(101, 1_001), &reading(101, 1_001), at(4_999));
    assert_eq!(wait(&validity, 101), 3);
    validity.not_before = Some(at(9_000));
    assert_eq!(wait(&validity, 101), 5);
}

#[test]
fn the_lead_of_the_api_is_learned() {
    let mut validity = measured(300, None, 5_000);
    assert_eq!(validity.lead(), None);
    validity.api_clock =
        OffsetEstimate::from_date_header(&reading(101, 1_001), &reading(101, 1_001), at(5_010));
    let lead = validity.lead().unwrap();
    assert_eq!((lead.min.as_secs(), lead.max.as_secs()), (8, 11));
}

#[test]
fn on_another_boot_a_clock_that_was_measured_there_tells_what_is_left() {
    let validity = measured(300, None, 5_000);
    let mut there = reading(7, 9);
    there.boot_id = Some(crate::clock::BootId("b".into()));
    let clock = OffsetEstimate::from_date_header(&there, &there, at(5_100)).unwrap();
    let carried = validity.rebased_on_issuer(clock.clone()).unwrap();
    // It ends at 5299 less drift, and the clock shows at most 5101.
    assert_eq!(carried.lifetime.as_secs(), 197);
    assert_eq!(carried.remaining(&there).unwrap().as_secs(), 197);
    assert_eq!(carried.expires_at(), validity.expires_at());
    assert_eq!(token("t", 300).validity.rebased_on_issuer(clock), None, "nobody knows its end");
}
