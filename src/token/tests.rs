//! Tokens for tests, and the tests of what a stamp says.

use super::*;
use crate::clock::tests::reading;

/// An opaque token that was asked for at boot 100 s, wall 1000 s, and lives
/// `lifetime` seconds.
pub(crate) fn token(text: &str, lifetime: i64) -> Token {
    Token {
        access_token: AccessToken::new(text.into()),
        token_type: "bearer".into(),
        stamp: Stamp {
            sent: reading(100, 1_000),
            received: reading(101, 1_001),
            lifetime: SignedDuration::from_secs(lifetime),
            offset: None,
            not_before: None,
        },
    }
}

#[test]
fn debug_shows_no_token() {
    let shown = format!("{:?}", token("s3cret", 300));
    assert!(
        shown.contains("redacted") && !shown.contains("s3cret"),
        "{shown}"
    );
}

#[test]
fn the_end_is_told_in_the_issuers_time_where_that_is_known() {
    let mut stamp = token("t", 300).stamp;
    assert_eq!(stamp.expires_at().as_second(), 1_300);
    stamp.offset = Offset::measure(&stamp.sent, &stamp.received, at(5_000));
    // The issuer showed at least 4999 when the request was sent.
    assert_eq!(stamp.expires_at().as_second(), 5_299);
}

#[test]
fn a_jwt_of_tomorrow_is_held_back_for_no_longer_than_the_skew() {
    let skew = SignedDuration::from_secs(5);
    let mut stamp = token("t", 300).stamp;
    stamp.not_before = Some(at(5_002));
    assert_eq!(
        stamp.hold_back(&stamp.received, skew),
        SignedDuration::ZERO,
        "no measure"
    );
    stamp.offset = Offset::measure(&stamp.sent, &stamp.received, at(5_000));
    assert_eq!(
        stamp.hold_back(&stamp.received, skew),
        SignedDuration::from_secs(2)
    );
    assert_eq!(
        stamp.hold_back(&reading(102, 1_002), skew),
        SignedDuration::from_secs(1)
    );
    assert_eq!(
        stamp.hold_back(&reading(110, 1_010), skew),
        SignedDuration::ZERO
    );
    stamp.not_before = Some(at(9_000));
    assert_eq!(stamp.hold_back(&stamp.received, skew), skew);
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}
