//! Who may use the proxy: who was told its user and password, which is the
//! run's own child.

use std::fmt;

use hyper::HeaderMap;
use hyper::header::PROXY_AUTHORIZATION;
use zeroize::Zeroizing;

use crate::error::Result;
use crate::net::basic_credentials;
use crate::random::{random_id, sha256};

/// A user and a password for this run. Redacted in `Debug`.
pub(super) struct ProxyCredentials {
    pair: Zeroizing<String>,
}

/// What a client is asked for (RFC 7617 section 2).
pub(super) const CHALLENGE: &str = "Basic realm=\"gc-token\", charset=\"UTF-8\"";

impl ProxyCredentials {
    /// New ones.
    ///
    /// # Errors
    /// `Configuration` when the system has no random numbers.
    pub(super) fn random() -> Result<ProxyCredentials> {
        Ok(ProxyCredentials { pair: Zeroizing::new(format!("{}:{}", random_id()?, random_id()?)) })
    }

    /// `user:password`, as a URL takes it.
    pub(super) fn expose(&self) -> &str {
        &self.pair
    }

    /// Whether a request shows them.
    pub(super) fn admit(&self, headers: &HeaderMap) -> bool {
        let mut shown = headers.get_all(PROXY_AUTHORIZATION).iter();
        let pair = shown.next().and_then(basic_credentials);
        let right = pair.is_some_and(|pair| sha256(&pair) == sha256(self.pair.as_bytes()));
        right && shown.next().is_none()
    }
}

impl fmt::Debug for ProxyCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProxyCredentials(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use hyper::header::HeaderValue;

    use super::*;

    fn admits(credentials: &ProxyCredentials, headers: &[&str]) -> bool {
        let mut map = HeaderMap::new();
        for header in headers {
            map.append(PROXY_AUTHORIZATION, HeaderValue::from_str(header).unwrap());
        }
        credentials.admit(&map)
    }

    #[test]
    fn who_knows_them_is_let_in_and_nobody_else() {
        let credentials = ProxyCredentials::random().unwrap();
        let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
        let right = basic(credentials.expose());
        assert!(admits(&credentials, &[&right]));
        assert!(admits(&credentials, &[&right.replace("Basic ", "bAsic  ")]));
        let (user, _) = credentials.expose().split_once(':').unwrap();
        for wrong in [
            &basic(""),
            &basic(user),
            &basic(&format!("{user}:")),
            &basic(&format!("{}x", credentials.expose())),
            &basic(ProxyCredentials::random().unwrap().expose()),
            &right.replace("Basic", "Bearer"),
            &right["Basic ".len()..],
            "Basic %%%",
            "",
        ] {
            assert!(!admits(&credentials, &[wrong]), "{wrong}");
        }
        assert!(!admits(&credentials, &[]));
        assert!(!admits(&credentials, &[&right, &right]));
    }

    #[test]
    fn they_are_not_shown_and_need_no_encoding_in_a_url() {
        let credentials = ProxyCredentials::random().unwrap();
        assert!(!format!("{credentials:?}").contains(credentials.expose()));
        let url = format!("http://{}@127.0.0.1:1/", credentials.expose());
        let parsed = url::Url::parse(&url).unwrap();
        assert_eq!(parsed.as_str(), url);
        assert_eq!(parsed.password().map(str::len), Some(22));
    }
}
