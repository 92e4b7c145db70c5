//! An access token, what is known of its life, and whether that is enough.
//!
//! Pure: every judgement takes the reading of the clocks as an argument.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

mod explanation;
mod freshness;
mod idle;
mod jwt;
mod lifetime;
mod validity;

pub use explanation::{ClockName, ClockRow, Explanation};
pub use freshness::{Age, FreshnessPolicy, LocalClock, MinTtl, StaleReason, Verdict};
pub use idle::IdleTimeout;
pub use jwt::Claims;
pub use lifetime::{ExpiresIn, LifetimeError, implausible_at_genesys_cloud, lifetime};
pub use validity::TokenValidity;

/// An access token's bytes. Redacted in `Debug`, without `Display`, wiped
/// when dropped.
#[derive(Clone)]
pub struct AccessToken(SecretString);

impl AccessToken {
    /// Wraps the token as the issuer sent it.
    pub fn new(token: String) -> Self {
        AccessToken(token.into())
    }

    /// The token itself: only for handing it out, sealing it or presenting it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(redacted)")
    }
}

impl PartialEq for AccessToken {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for AccessToken {}

/// The one token type that is presented here (RFC 6750), as outputs spell it.
pub const BEARER: &str = "Bearer";

/// Returns whether a `token_type` says that a token is presented as [`BEARER`]: case makes no
/// difference (RFC 6749 section 5.1), and Apigee says `BearerToken`.
///
/// A client must not use a token of a type that it does not understand (section 7.1).
pub fn is_bearer(token_type: &str) -> bool {
    let name = token_type.trim();
    name.is_empty() || ["bearer", "bearertoken"].iter().any(|it| name.eq_ignore_ascii_case(it))
}

/// A token together with what was measured when it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The secret part.
    pub access_token: AccessToken,
    /// What is known of its life.
    pub validity: TokenValidity,
}

#[cfg(test)]
pub(crate) mod tests;
