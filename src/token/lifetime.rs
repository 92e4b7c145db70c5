//! The lifetime of a new token, from `expires_in` and the claims of a JWT.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::clock::{OffsetEstimate, Reading};
use crate::duration::human;

/// In seconds (RFC 6749 section 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpiresIn(pub i64);

/// The resolution of NumericDate as issuers use it (RFC 7519 section 2).
const EXP_RESOLUTION: SignedDuration = SignedDuration::from_secs(1);

const DAY: i64 = 24 * 60 * 60;

/// Genesys Cloud allows two days, and 450 days for SCIM clients. A longer lifetime is a
/// mistake, usually milliseconds, and would keep expired tokens in use. (500 days are also half
/// a day in milliseconds; a shorter time may be either.)
const TOO_LONG: i64 = 500 * DAY;

const MAX_AT_GENESYS_CLOUD: i64 = 2 * DAY;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LifetimeError {
    /// No `expires_in`, and no `exp` that could be compared with a clock.
    Unstated,
    /// Unsanitized, like `TooLong`.
    NotANumber(String),
    Expired(i64),
    TooLong(String),
}

impl fmt::Display for LifetimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LifetimeError::Unstated => {
                write!(f, "the response has no expires_in, and the token is not a JWT with exp")
            }
            LifetimeError::NotANumber(value) => write!(f, "expires_in is not a number: {value}"),
            LifetimeError::Expired(seconds) => {
                write!(f, "the token had expired on arrival: its lifetime is {seconds} seconds")
            }
            LifetimeError::TooLong(value) => {
                write!(
                    f,
                    "expires_in is {value}, 500 days or more: these are probably milliseconds"
                )
            }
        }
    }
}

impl ExpiresIn {
    /// Accepts a numeric string, which some issuers send. Truncates to whole seconds.
    pub fn parse(value: &Value) -> Result<ExpiresIn, LifetimeError> {
        let seconds = match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok().filter(|n: &f64| n.is_finite()),
            _ => None,
        };
        let seconds = seconds.ok_or_else(|| LifetimeError::NotANumber(value.to_string()))?;
        if seconds >= TOO_LONG as f64 {
            return Err(LifetimeError::TooLong(value.to_string()));
        }
        match seconds.floor() as i64 {
            seconds if seconds <= 0 => Err(LifetimeError::Expired(seconds)),
            seconds => Ok(ExpiresIn(seconds)),
        }
    }
}

/// Lower bound of the lifetime, counted from `sent`: the smaller of `expires_in` and, if the
/// issuer's clock was measured, the time until `exp` by the latest that this clock may show. Otherwise a JWT loses the second
/// by which `exp` may have been rounded down.
pub fn min_lifetime(
    expires_in: Option<ExpiresIn>,
    exp: Option<Timestamp>,
    issuer_clock: Option<&OffsetEstimate>,
    sent: &Reading,
) -> Result<SignedDuration, LifetimeError> {
    let stated = expires_in.map(|seconds| SignedDuration::from_secs(seconds.0));
    let issuer_time = issuer_clock.and_then(|clock| clock.remote_time(sent));
    let claimed = exp.zip(issuer_time).map(|(exp, (_, latest))| exp.duration_since(latest));
    let lifetime = match (stated, claimed) {
        (Some(stated), Some(claimed)) => stated.min(claimed),
        // A JWT may expire up to a second before `expires_in` has passed.
        (Some(stated), None) if exp.is_some() => stated.saturating_sub(EXP_RESOLUTION),
        (Some(only), None) | (None, Some(only)) => only,
        (None, None) => return Err(LifetimeError::Unstated),
    };
    if lifetime <= SignedDuration::ZERO {
        return Err(LifetimeError::Expired(lifetime.as_secs()));
    }
    if lifetime.as_secs() >= TOO_LONG {
        return Err(LifetimeError::TooLong(format!("{} (from exp)", lifetime.as_secs())));
    }
    Ok(lifetime)
}

pub fn implausible_at_genesys_cloud(lifetime: SignedDuration) -> Option<String> {
    (lifetime.as_secs() > MAX_AT_GENESYS_CLOUD).then(|| {
        format!(
            "the token is said to live {} ({} seconds); Genesys Cloud allows 300 to \
             {MAX_AT_GENESYS_CLOUD} seconds, and up to 450 days for SCIM clients only: if \
             this is not one, these are probably milliseconds",
            human(lifetime),
            lifetime.as_secs()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::tests::reading;
    use serde_json::json;

    #[test]
    fn expires_in_is_a_number_or_a_string_of_one() {
        assert_eq!(ExpiresIn::parse(&json!(86400)), Ok(ExpiresIn(86400)));
        assert_eq!(ExpiresIn::parse(&json!("3600")), Ok(ExpiresIn(3600)));
        assert_eq!(ExpiresIn::parse(&json!(59.9)), Ok(ExpiresIn(59)));
        assert_eq!(ExpiresIn::parse(&json!(0)), Err(LifetimeError::Expired(0)));
        assert_eq!(ExpiresIn::parse(&json!(-5)), Err(LifetimeError::Expired(-5)));
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
                ExpiresIn::parse(&nonsense),
                Err(LifetimeError::NotANumber(nonsense.to_string()))
            );
        }
        // 450 days, as SCIM clients of Genesys Cloud may have them, and as much as is taken.
        assert_eq!(ExpiresIn::parse(&json!(38_880_000)), Ok(ExpiresIn(38_880_000)));
        assert_eq!(ExpiresIn::parse(&json!(43_199_999.9)), Ok(ExpiresIn(43_199_999)));
        for (spelling, seconds) in [
            (json!("3600 "), 3_600),
            (json!("3.6e3"), 3_600),
            (json!(36e2), 3_600),
            (json!("+60"), 60),
        ] {
            assert_eq!(ExpiresIn::parse(&spelling), Ok(ExpiresIn(seconds)));
        }
        for absurd in [
            json!(43_200_000),
            json!(86_400_000),
            json!(1e30),
            json!(1e300),
            json!("99999999999999999999"),
        ] {
            assert_eq!(ExpiresIn::parse(&absurd), Err(LifetimeError::TooLong(absurd.to_string())));
        }
    }

    #[test]
    fn an_implausible_lifetime_at_genesys_cloud_is_a_warning() {
        let told = |seconds| implausible_at_genesys_cloud(SignedDuration::from_secs(seconds));
        assert_eq!((told(300), told(172_800)), (None, None));
        assert_eq!(
            told(3_600_000).unwrap(),
            "the token is said to live 1000h (3600000 seconds); Genesys Cloud allows 300 to 172800 \
             seconds, and up to 450 days for SCIM clients only: if this is not one, these \
             are probably milliseconds"
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
            min_lifetime(Some(ExpiresIn(expires_in)), exp, issuer, &sent)
        };
        // The issuer showed at most 5001 when the request was sent, give or
        // take a millisecond of drift.
        let claimed = SignedDuration::from_secs(59) - SignedDuration::from_millis(1);
        assert_eq!(least(300, 5_060, issuer.as_ref()), Ok(claimed));
        assert_eq!(least(30, 5_060, issuer.as_ref()), Ok(SignedDuration::from_secs(30)));
        assert_eq!(least(300, 5_060, None), Ok(SignedDuration::from_secs(299)));
        assert_eq!(least(300, 4_000, issuer.as_ref()), Err(LifetimeError::Expired(-1_001)));
        assert_eq!(min_lifetime(None, None, issuer.as_ref(), &sent), Err(LifetimeError::Unstated));
    }
}
