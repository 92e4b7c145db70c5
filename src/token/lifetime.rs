//! How long a new token lives at least, from what the issuer said of it.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::Claims;
use crate::clock::{OffsetEstimate, Reading};
use crate::duration::human;

/// `expires_in` of the token reply, in seconds (RFC 6749 section 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpiresIn(pub i64);

const DAY: i64 = 24 * 60 * 60;

/// Genesys Cloud allows two days, and 450 days for SCIM clients. From 500 days on it is a
/// mistake, usually milliseconds: trusted, it would hand out dead tokens. (500 days are
/// also half a day in milliseconds; a shorter time cannot be told from a long one.)
const TOO_LONG: i64 = 500 * DAY;

/// More than this Genesys Cloud allows for SCIM clients only.
const LONGEST_OF_GENESYS_CLOUD: i64 = 2 * DAY;

/// Why a token's lifetime is not known or cannot be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LifetimeError {
    /// No `expires_in`, and no JWT whose `exp` could be placed in time.
    Unstated,
    /// `expires_in` is neither a number nor a numeric string. The value is the issuer's,
    /// whole, and not yet fit to be shown.
    NotANumber(String),
    /// Zero or negative: the token was dead on arrival.
    Dead(i64),
    /// 500 days or longer.
    Absurd(String),
}

impl fmt::Display for LifetimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LifetimeError::Unstated => {
                write!(f, "the reply has no expires_in, and the token is not a JWT that ends")
            }
            LifetimeError::NotANumber(value) => write!(f, "expires_in is not a number: {value}"),
            LifetimeError::Dead(seconds) => {
                write!(f, "the token was dead on arrival: it lives {seconds} seconds")
            }
            LifetimeError::Absurd(value) => {
                write!(
                    f,
                    "expires_in is {value}, 500 days or more: a guess: these are milliseconds"
                )
            }
        }
    }
}

impl ExpiresIn {
    /// Reads the JSON value: a number, or a string that holds one, as some
    /// issuers send it. A fraction of a second is dropped.
    pub fn read(value: &Value) -> Result<ExpiresIn, LifetimeError> {
        let seconds = match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok().filter(|n: &f64| n.is_finite()),
            _ => None,
        };
        let seconds = seconds.ok_or_else(|| LifetimeError::NotANumber(value.to_string()))?;
        if seconds >= TOO_LONG as f64 {
            return Err(LifetimeError::Absurd(value.to_string()));
        }
        match seconds.floor() as i64 {
            seconds if seconds <= 0 => Err(LifetimeError::Dead(seconds)),
            seconds => Ok(ExpiresIn(seconds)),
        }
    }
}

/// The least lifetime, counted from the moment `sent` at which the request was
/// sent: the earlier of `expires_in` and, for a JWT whose issuer's clock was
/// measured, `exp` seen from the pessimistic end of that measurement.
pub fn lifetime(
    expires_in: Option<ExpiresIn>,
    expires_at: Option<Timestamp>,
    issuer: Option<&OffsetEstimate>,
    sent: &Reading,
) -> Result<SignedDuration, LifetimeError> {
    let stated = expires_in.map(|seconds| SignedDuration::from_secs(seconds.0));
    let latest = issuer.and_then(|issuer| issuer.remote_time(sent)).map(|(_, latest)| latest);
    let claimed = expires_at.zip(latest).map(|(end, latest)| end.duration_since(latest));
    let least = match (stated, claimed) {
        (Some(stated), Some(claimed)) => stated.min(claimed),
        (Some(only), None) | (None, Some(only)) => only,
        (None, None) => return Err(LifetimeError::Unstated),
    };
    if least <= SignedDuration::ZERO {
        return Err(LifetimeError::Dead(least.as_secs()));
    }
    if least.as_secs() >= TOO_LONG {
        return Err(LifetimeError::Absurd(format!("{} (from exp)", least.as_secs())));
    }
    Ok(least)
}

/// A lifetime that a token of Genesys Cloud hardly has, in words for the user; `None`
/// where it is plausible.
pub fn implausible_at_genesys_cloud(lifetime: SignedDuration) -> Option<String> {
    (lifetime.as_secs() > LONGEST_OF_GENESYS_CLOUD).then(|| {
        format!(
            "the token is said to live {} ({} seconds); Genesys Cloud allows 300 to \
             {LONGEST_OF_GENESYS_CLOUD} seconds, and up to 450 days for SCIM clients only: if \
             this is none, a guess: these are milliseconds",
            human(lifetime),
            lifetime.as_secs()
        )
    })
}

impl Claims {
    /// [`lifetime`] needs only the end.
    pub fn end(claims: Option<&Claims>) -> Option<Timestamp> {
        claims.and_then(|claims| claims.expires_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::tests::reading;
    use serde_json::json;

    #[test]
    fn expires_in_is_a_number_or_a_string_of_one() {
        assert_eq!(ExpiresIn::read(&json!(86400)), Ok(ExpiresIn(86400)));
        assert_eq!(ExpiresIn::read(&json!("3600")), Ok(ExpiresIn(3600)));
        assert_eq!(ExpiresIn::read(&json!(59.9)), Ok(ExpiresIn(59)));
        assert_eq!(ExpiresIn::read(&json!(0)), Err(LifetimeError::Dead(0)));
        assert_eq!(ExpiresIn::read(&json!(-5)), Err(LifetimeError::Dead(-5)));
        for nonsense in [
            json!("soon"),
            json!(""),
            json!("NaN"),
            json!("inf"),
            json!(true),
            json!(null),
            json!([1]),
        ] {
            assert_eq!(
                ExpiresIn::read(&nonsense),
                Err(LifetimeError::NotANumber(nonsense.to_string()))
            );
        }
        // 450 days, as SCIM clients of Genesys Cloud may have them, and as much as is taken.
        assert_eq!(ExpiresIn::read(&json!(38_880_000)), Ok(ExpiresIn(38_880_000)));
        assert_eq!(ExpiresIn::read(&json!(43_199_999.9)), Ok(ExpiresIn(43_199_999)));
        for (spelling, seconds) in [
            (json!("3600 "), 3_600),
            (json!("3.6e3"), 3_600),
            (json!(36e2), 3_600),
            (json!("+60"), 60),
        ] {
            assert_eq!(ExpiresIn::read(&spelling), Ok(ExpiresIn(seconds)));
        }
        for absurd in [
            json!(43_200_000),
            json!(86_400_000),
            json!(1e30),
            json!(1e300),
            json!("99999999999999999999"),
        ] {
            assert_eq!(ExpiresIn::read(&absurd), Err(LifetimeError::Absurd(absurd.to_string())));
        }
    }

    #[test]
    fn what_genesys_cloud_hardly_gives_is_told() {
        let told = |seconds| implausible_at_genesys_cloud(SignedDuration::from_secs(seconds));
        assert_eq!((told(300), told(172_800)), (None, None));
        assert_eq!(
            told(3_600_000).unwrap(),
            "the token is said to live 1000h (3600000 seconds); Genesys Cloud allows 300 to 172800 \
             seconds, and up to 450 days for SCIM clients only: if this is none, a guess: these \
             are milliseconds"
        );
        assert!(told(38_880_000).is_some());
    }

    #[test]
    fn a_jwt_that_ends_before_expires_in_counts() {
        let (sent, received) = (reading(10, 1_000), reading(12, 1_002));
        let issuer = OffsetEstimate::from_date_header(
            &sent,
            &received,
            Timestamp::from_second(5_000).unwrap(),
        );
        let least = |expires_in, exp, issuer| {
            let exp = Timestamp::from_second(exp).ok();
            lifetime(Some(ExpiresIn(expires_in)), exp, issuer, &sent)
        };
        // The issuer showed at most 5001 when the request was sent, give or
        // take a millisecond of drift.
        let claimed = SignedDuration::from_secs(59) - SignedDuration::from_millis(1);
        assert_eq!(least(300, 5_060, issuer.as_ref()), Ok(claimed));
        assert_eq!(least(30, 5_060, issuer.as_ref()), Ok(SignedDuration::from_secs(30)));
        assert_eq!(least(300, 5_060, None), Ok(SignedDuration::from_secs(300)));
        assert_eq!(least(300, 4_000, issuer.as_ref()), Err(LifetimeError::Dead(-1_001)));
        assert_eq!(lifetime(None, None, issuer.as_ref(), &sent), Err(LifetimeError::Unstated));
    }
}
