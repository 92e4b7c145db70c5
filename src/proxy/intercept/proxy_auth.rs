//! Authenticates the clients of the proxy: only the run's child knows user and password.

use std::fmt;

use hyper::HeaderMap;
use hyper::header::PROXY_AUTHORIZATION;
use zeroize::Zeroizing;

use crate::error::Result;
use crate::http_auth::basic_credentials;
use crate::random::{random_id, sha256};

pub(super) struct ProxyCredentials {
    pair: Zeroizing<String>,
}

/// The value of `Proxy-Authenticate` (RFC 7617 section 2).
pub(super) const CHALLENGE: &str = "Basic realm=\"gc-token\", charset=\"UTF-8\"";

impl ProxyCredentials {
    pub(super) fn random() -> Result<ProxyCredentials> {
        Ok(ProxyCredentials { pair: Zeroizing::new(format!("{}:{}", random_id()?, random_id()?)) })
    }

    /// Returns `user:password`, which need no encoding in a URL.
    pub(super) fn expose(&self) -> &str {
        &self.pair
    }

    pub(super) fn authenticate(&self, headers: &HeaderMap) -> bool {
        let mut values = headers.get_all(PROXY_AUTHORIZATION).iter();
        let pair = values.next().and_then(basic_credentials);
        let is_correct = pair.is_some_and(|pair| sha256(&pair) == sha256(self.pair.as_bytes()));
        is_correct && values.next().is_none()
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

    fn authenticates(credentials: &ProxyCredentials, headers: &[&str]) -> bool {
        let mut map = HeaderMap::new();
        for header in headers {
            map.append(PROXY_AUTHORIZATION, HeaderValue::from_str(header).unwrap());
        }
        credentials.authenticate(&map)
    }

    #[test]
    fn only_the_right_credentials_authenticate() {
        let credentials = ProxyCredentials::random().unwrap();
        let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
        let right = basic(credentials.expose());
        assert!(authenticates(&credentials, &[&right]));
        assert!(authenticates(&credentials, &[&right.replace("Basic ", "bAsic  ")]));
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
            assert!(!authenticates(&credentials, &[wrong]), "{wrong}");
        }
        assert!(!authenticates(&credentials, &[]));
        assert!(!authenticates(&credentials, &[&right, &right]));
    }

    #[test]
    fn debug_hides_the_credentials_and_a_url_needs_no_encoding() {
        let credentials = ProxyCredentials::random().unwrap();
        assert!(!format!("{credentials:?}").contains(credentials.expose()));
        let url = format!("http://{}@127.0.0.1:1/", credentials.expose());
        let parsed = url::Url::parse(&url).unwrap();
        assert_eq!(parsed.as_str(), url);
        assert_eq!(parsed.password().map(str::len), Some(22));
    }
}
