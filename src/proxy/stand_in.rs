//! Stand-in tokens: clients present one in place of the real token, and only the
//! proxy of this run knows that it stands for anything.

use hyper::header::HeaderValue;

use crate::error::Result;
use crate::oauth::tokens_me;
use crate::random::random_bytes;
use crate::token::AccessToken;

/// A token that this run's proxy swaps for the current one, and that is worth
/// nothing anywhere else. Redacted in `Debug`.
#[derive(Debug)]
pub struct StandIn {
    pub(super) token: AccessToken,
    pub(super) header: HeaderValue,
    /// Whether proxies that are started later know it, too.
    pub(super) outlives_run: bool,
}

/// Gives 86 characters of base64url, as Genesys Cloud's own tokens have: no
/// client that checks what a token looks like can tell.
const BYTES: usize = 64;

impl StandIn {
    /// A random one, for this run alone.
    ///
    /// # Errors
    /// `Configuration` when the system has no random numbers.
    pub fn random() -> Result<StandIn> {
        let token = AccessToken::new(random_bytes::<BYTES>()?);
        let header = tokens_me::bearer(&token).expect("base64url is valid in a header");
        Ok(StandIn { token, header, outlives_run: false })
    }

    /// Makes the stand-in for clients that keep it for longer than this process lives: a
    /// proxy that takes this one's place swaps it, too.
    pub fn outliving_the_run(self) -> StandIn {
        StandIn { outlives_run: true, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_looks_like_a_token_and_is_never_the_same() {
        let [one, two] = [(); 2].map(|()| StandIn::random().unwrap());
        let text = one.token.expose();
        assert_eq!(text.len(), 86);
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        assert_ne!(text, two.token.expose());
        assert!(!format!("{one:?}").contains(text));
    }
}
