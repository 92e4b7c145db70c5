//! The time claims of a token that happens to be a JWT.

use base64::Engine;
use jiff::Timestamp;
use serde_json::{Map, Value};

/// The validity period of a JWT on the issuer's clock (RFC 7519 section 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Claims {
    pub expires_at: Option<Timestamp>,
    /// `nbf`, else `iat`
    pub not_before: Option<Timestamp>,
}

impl Claims {
    /// Returns `None` for an opaque token.
    ///
    /// The signature is not verified: the token came over TLS straight from the issuer, a
    /// client has no key to verify it with, and claims can only make us discard the token
    /// *earlier*.
    pub fn parse(token: &str) -> Option<Claims> {
        // An opaque token may contain dots, too; a JWT has three parts and a JSON header.
        let (header, rest) = token.split_once('.')?;
        if rest.matches('.').count() != 1 {
            return None;
        }
        let header = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(header).ok()?;
        serde_json::from_slice::<Map<String, Value>>(&header).ok()?;
        let claims: Map<String, Value> =
            jsonwebtoken::dangerous::insecure_decode_claims(token).ok()?;
        // Malformed claims are skipped one by one.
        let date = |name: &str| claims.get(name).and_then(parse_numeric_date);
        Some(Claims { expires_at: date("exp"), not_before: date("nbf").or_else(|| date("iat")) })
    }
}

/// Parses a NumericDate (RFC 7519 section 2), or a string with one, which some issuers send.
/// Truncates to whole seconds, and clamps to the calendar.
fn parse_numeric_date(value: &Value) -> Option<Timestamp> {
    let seconds = match value {
        Value::String(text) => text.trim().parse().ok().filter(|seconds: &f64| seconds.is_finite()),
        value => value.as_f64(),
    }?;
    let end = if seconds < 0.0 { Timestamp::MIN } else { Timestamp::MAX };
    // The cast saturates.
    Some(Timestamp::from_second(seconds.floor() as i64).unwrap_or(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(claims: &str) -> String {
        let encode = |text: &str| base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.c2ln", encode(r#"{"alg":"RS256","typ":"JWT"}"#), encode(claims))
    }

    #[test]
    fn reads_expiry_and_start_with_or_without_a_fraction() {
        let claims = Claims::parse(&jwt(r#"{"exp":1700000010.9,"iat":1700000000}"#)).unwrap();
        assert_eq!(claims.expires_at, Timestamp::from_second(1_700_000_010).ok());
        assert_eq!(claims.not_before, Timestamp::from_second(1_700_000_000).ok());
        let claims = Claims::parse(&jwt(r#"{"nbf":5,"iat":3}"#)).unwrap();
        assert_eq!(claims.not_before, Timestamp::from_second(5).ok());
        assert_eq!(claims.expires_at, None);
    }

    #[test]
    fn a_token_that_is_not_a_jwt_is_opaque() {
        for token in ["", "abc", "a.b", "a.b.c", "a.b.c.d", "..", &"x".repeat(86)] {
            assert_eq!(Claims::parse(token), None, "{token}");
        }
        assert_eq!(Claims::parse(&jwt(r#""exp""#)), None);
    }

    #[test]
    fn each_claim_is_read_by_itself() {
        let second = |second| Timestamp::from_second(second).ok();
        for (claims, expires_at, not_before) in [
            (r#"{"exp":"soon"}"#, None, None),
            (r#"{"exp":7,"nbf":"now","iat":3}"#, second(7), second(3)),
            (r#"{"exp":" 7.5 ","nbf":"5"}"#, second(7), second(5)),
            (r#"{"exp":"inf","nbf":null,"iat":[]}"#, None, None),
            (r#"{"exp":7,"nbf":true}"#, second(7), None),
        ] {
            let read = Claims::parse(&jwt(claims)).unwrap();
            assert_eq!((read.expires_at, read.not_before), (expires_at, not_before), "{claims}");
        }
    }

    #[test]
    fn absurd_dates_stay_at_the_ends_of_the_calendar() {
        let claims = Claims::parse(&jwt(r#"{"exp":1e300,"nbf":-1e300}"#)).unwrap();
        assert_eq!(claims.expires_at, Some(Timestamp::MAX));
        assert_eq!(claims.not_before, Some(Timestamp::MIN));
    }
}
