//! Stand-in tokens, which clients present in place of the real one. Only the proxy of this
//! run accepts them.

use hyper::header::HeaderValue;

use crate::error::Result;
use crate::oauth::tokens_me;
use crate::random::random_bytes;
use crate::token::AccessToken;

#[derive(Debug)]
pub struct StandIn {
    pub(super) token: AccessToken,
    pub(super) header: HeaderValue,
    /// Proxies that are started later recognize it, too.
    pub(super) outlives_run: bool,
}

/// Makes 86 characters of base64url, the form of Genesys Cloud's own tokens, which some
/// clients check.
const BYTES: usize = 64;

impl StandIn {
    pub fn random() -> Result<StandIn> {
        let token = AccessToken::new(random_bytes::<BYTES>()?);
        let header = tokens_me::bearer(&token).expect("base64url is valid in a header");
        Ok(StandIn { token, header, outlives_run: false })
    }

    /// For clients that keep the stand-in until a restarted proxy takes over.
    pub fn outliving_the_run(self) -> StandIn {
        StandIn { outlives_run: true, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_looks_like_a_token_and_is_random() {
        let [one, two] = [(); 2].map(|()| StandIn::random().unwrap());
        let text = one.token.expose();
        assert_eq!(text.len(), 86);
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        assert_ne!(text, two.token.expose());
        assert!(!format!("{one:?}").contains(text));
    }
}
