//! Creates tokens: the text and its validity period.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::hmac;
use ring::rand::SystemRandom;
use serde_json::json;

use super::config::{SandboxConfig, TokenFormat};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AcceptancePeriod {
    /// Opaque tokens are valid at once.
    pub(super) not_before: Option<Timestamp>,
    /// Exclusive.
    pub(super) expires_at: Timestamp,
}

/// Creates a token; `now` is the time of the issuer's clock.
pub(super) fn mint(
    config: &SandboxConfig,
    now: Timestamp,
    key: &hmac::Key,
) -> (String, AcceptancePeriod) {
    match config.format {
        TokenFormat::Opaque => {
            let validity = AcceptancePeriod { not_before: None, expires_at: expiry(now, config) };
            (config.token.clone().unwrap_or_else(opaque), validity)
        }
        TokenFormat::Jwt => {
            // A NumericDate is rounded down to seconds, and the API knows only the claims.
            let issued = whole_seconds(now);
            let validity = AcceptancePeriod {
                not_before: Some(issued),
                expires_at: whole_seconds(expiry(issued, config)),
            };
            let text = config.token.clone();
            (text.unwrap_or_else(|| jwt(config, validity, key)), validity)
        }
    }
}

pub(super) fn signing_key() -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, &random::<32>())
}

/// A random identifier in the shape of a version 4 UUID (RFC 9562 section 5.4).
pub(super) fn uuid() -> String {
    let random = u128::from_ne_bytes(random());
    let bits = random & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

fn opaque() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(random::<64>())
}

fn jwt(config: &SandboxConfig, validity: AcceptancePeriod, key: &hmac::Key) -> String {
    let issued = validity.not_before.map(|time| time.as_second());
    let header = json!({ "alg": "HS256", "typ": "JWT" });
    let claims = json!({
        "sub": config.client_id,
        "jti": uuid(),
        "iat": issued,
        "nbf": issued,
        "exp": validity.expires_at.as_second(),
    });
    let encode = |json: serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!("{}.{}", encode(header), encode(claims));
    let signature = BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(key, signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn expiry(start: Timestamp, config: &SandboxConfig) -> Timestamp {
    start.saturating_add(config.lifetime).unwrap_or(Timestamp::MAX)
}

fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_nanosecond().div_euclid(1_000_000_000) as i64).unwrap_or(time)
}

fn random<const N: usize>() -> [u8; N] {
    ring::rand::generate(&SystemRandom::new()).expect("the system's random source works").expose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::Claims;
    use std::time::Duration;

    fn sandbox_config(format: TokenFormat) -> SandboxConfig {
        SandboxConfig { format, lifetime: Duration::from_secs(300), ..SandboxConfig::default() }
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).unwrap()
    }

    #[test]
    fn an_opaque_token_has_86_characters_and_lives_from_now() {
        let (token, validity) =
            mint(&sandbox_config(TokenFormat::Opaque), at(1_500), &signing_key());
        assert_eq!(token.len(), 86);
        assert_eq!(Claims::parse(&token), None);
        assert_eq!(validity.not_before, None);
        assert_eq!(validity.expires_at, at(301_500));
    }

    #[test]
    fn a_jwt_tells_its_validity_in_whole_seconds() {
        let (token, validity) = mint(&sandbox_config(TokenFormat::Jwt), at(1_500), &signing_key());
        assert_eq!(validity.not_before, Some(at(1_000)));
        assert_eq!(validity.expires_at, at(301_000));
        let claims = Claims::parse(&token).expect("a JWT");
        assert_eq!(claims.not_before, validity.not_before);
        assert_eq!(claims.expires_at, Some(validity.expires_at));
    }

    #[test]
    fn uuids_say_their_version_and_differ() {
        let id = uuid();
        assert_eq!(id.len(), 36);
        assert_eq!(id.as_bytes()[14], b'4');
        assert!(b"89ab".contains(&id.as_bytes()[19]), "{id}");
        assert_ne!(id, uuid());
    }
}
