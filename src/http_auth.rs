//! Parses the credentials of `Authorization` and `Proxy-Authorization` (RFC 9110 section
//! 11.4).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::HeaderValue;
use zeroize::Zeroizing;

/// Returns the token of a Bearer header (RFC 6750 section 2.1).
pub(crate) fn bearer_token(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Returns `user:password` of a Basic header (RFC 7617 section 2).
pub(crate) fn basic_credentials(value: &HeaderValue) -> Option<Zeroizing<Vec<u8>>> {
    let (scheme, encoded) = value.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    STANDARD.decode(encoded.trim()).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_are_case_insensitive_and_not_confused() {
        let basic = |text| basic_credentials(&HeaderValue::from_static(text));
        assert_eq!(basic("bAsIc  aTpz").unwrap().as_slice(), b"i:s");
        for other in ["Bearer aTpz", "Basic", "aTpz", "Basic %%%"] {
            assert_eq!(basic(other), None, "{other}");
        }
        let bearer = |text| bearer_token(&HeaderValue::from_static(text)).map(str::to_owned);
        assert_eq!(bearer("bEarer  t0ken").as_deref(), Some("t0ken"));
        for other in ["Basic aTpz", "Bearer", "t0ken"] {
            assert_eq!(bearer(other), None, "{other}");
        }
    }
}
