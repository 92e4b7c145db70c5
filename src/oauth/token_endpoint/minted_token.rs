//! Turns the response of the token endpoint into a token with its validity.

use super::response::ResponseReader;
use super::retry::AttemptError;
use crate::clock::OffsetEstimate;
use crate::net::RoundTrip;
use crate::token::{Token, TokenValidity, min_lifetime};

/// `issuer_clock` is the estimate by this response and all before it.
pub(super) fn read(
    reader: &ResponseReader<'_>,
    round_trip: RoundTrip,
    issuer_clock: Option<OffsetEstimate>,
) -> Result<Token, AttemptError> {
    let RoundTrip { sent, received, reply } = round_trip;
    let grant = reader.read(&reply, received.wall)?;
    let claims = grant.claims.unwrap_or_default();
    let lifetime = min_lifetime(grant.expires_in, claims.expires_at, issuer_clock.as_ref(), &sent)
        .map_err(|error| reader.lifetime_error(&error))?;
    Ok(Token {
        access_token: grant.access_token,
        validity: TokenValidity::new(sent, lifetime, claims.not_before, issuer_clock),
    })
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    use hyper::header::{HeaderMap, HeaderValue};
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;
    use crate::clock::tests::reading;
    use crate::error::Kind;
    use crate::net::HttpResponse;
    use crate::sanitize::Secrets;

    const DATE: &str = "Tue, 14 Nov 2023 22:13:20 GMT";
    const DATE_SECOND: i64 = 1_700_000_000;

    fn jwt(claims: &str) -> String {
        let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.c2ln", encode(r#"{"alg":"RS256"}"#), encode(claims))
    }

    /// Requested at 5,000 s on the local wall clock, with a round trip of 2 s.
    fn minted(body: &str, date: Option<&str>) -> Result<Token, AttemptError> {
        let mut headers = HeaderMap::new();
        if let Some(date) = date {
            headers.insert("date", HeaderValue::from_str(date).unwrap());
        }
        let reader = ResponseReader { host: "login.example", secrets: &Secrets::default() };
        let round_trip = RoundTrip {
            sent: reading(10, 5_000),
            received: reading(12, 5_002),
            reply: HttpResponse { status: 200, headers, body: body.as_bytes().to_vec().into() },
        };
        let issuer = round_trip.clock_offset();
        read(&reader, round_trip, issuer)
    }

    #[test]
    fn the_issuers_clock_is_measured_by_its_date() {
        let body = r#"{"access_token":"t","expires_in":300}"#;
        let validity = minted(body, Some(DATE)).unwrap().validity;
        let ahead = SignedDuration::from_secs(DATE_SECOND - 5_002);
        let offset = validity.issuer_clock.as_ref().unwrap().offset;
        assert_eq!(offset.min, ahead);
        assert_eq!(offset.max, ahead + SignedDuration::from_secs(3));
        assert_eq!(validity.expires_at().as_second(), DATE_SECOND - 3 + 300);
        assert_eq!(minted(body, None).unwrap().validity.issuer_clock, None);
    }

    #[test]
    fn a_jwts_end_counts_where_the_clock_was_measured() {
        // The issuer showed at most one second more than its date when the
        // request was sent.
        let claims = format!(r#"{{"exp":{0},"nbf":{0}}}"#, DATE_SECOND + 61);
        let body = format!(r#"{{"access_token":"{}"}}"#, jwt(&claims));
        let validity = minted(&body, Some(DATE)).unwrap().validity;
        assert_eq!(validity.lifetime.as_secs(), 59);
        assert_eq!(validity.not_before.unwrap().as_second(), DATE_SECOND + 61);
        let error = minted(&body, None).unwrap_err().error;
        assert_eq!(error.kind, Kind::Lifetime);
        assert_eq!(
            error.cause.as_deref(),
            Some("the response has no expires_in, and the token is not a JWT with exp")
        );
    }

    #[test]
    fn a_token_may_outlive_the_calendar() {
        let body = r#"{"access_token":"t","expires_in":31536000}"#;
        let last_day = Some("Thu, 30 Dec 9999 21:59:59 GMT");
        let end = minted(body, last_day).unwrap().validity.expires_at();
        assert_eq!(end.as_second(), jiff::Timestamp::MAX.as_second());
    }

    proptest! {
        #[test]
        fn no_date_and_no_claim_overflows_the_calendar(
            expires_in in any::<i64>(),
            exp in any::<f64>(),
            nbf in any::<f64>(),
            year in 0u32..=9_999,
        ) {
            let finite = |number: f64| if number.is_finite() { number } else { 0.0 };
            let claims = format!(r#"{{"exp":{:e},"nbf":{:e}}}"#, finite(exp), finite(nbf));
            let date = format!("Fri, 31 Dec {year:04} 23:59:59 GMT");
            for lifetime in [format!(r#","expires_in":{expires_in}"#), String::new()] {
                let body = format!(r#"{{"access_token":"{}"{lifetime}}}"#, jwt(&claims));
                if let Ok(token) = minted(&body, Some(&date)) {
                    prop_assert!(token.validity.lifetime > SignedDuration::ZERO);
                    token.validity.expires_at();
                    token.validity.wait_before_use(&reading(13, 5_003), SignedDuration::from_secs(5));
                }
            }
        }
    }
}
