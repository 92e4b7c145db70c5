//! Access tokens, their validity, and the verdict whether a cached one is fresh. Pure: the
//! readings of the clocks are arguments.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

mod age;
mod explanation;
mod freshness;
mod idle;
mod jwt;
mod lifetime;
mod validity;

pub use age::{Age, LocalClock, StaleReason};
pub use explanation::{ClockName, ClockRow, Explanation};
pub use freshness::{FreshnessPolicy, MinTtl, Verdict};
pub use idle::IdleTimeout;
pub use jwt::Claims;
pub use lifetime::{ExpiresIn, LifetimeError, implausible_at_genesys_cloud, min_lifetime};
pub use validity::TokenValidity;

/// Redacted in `Debug`, without `Display`, wiped when dropped.
#[derive(Clone)]
pub struct AccessToken(SecretString);

impl AccessToken {
    pub fn new(token: String) -> Self {
        AccessToken(token.into())
    }

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

/// The only supported token type (RFC 6750), as outputs spell it.
pub const BEARER: &str = "Bearer";

/// Compares without case (RFC 6749 section 5.1); Apigee says `BearerToken`. A client must not
/// use a token of a type that it does not understand (section 7.1).
pub fn is_bearer(token_type: &str) -> bool {
    let name = token_type.trim();
    name.is_empty()
        || ["bearer", "bearertoken"].iter().any(|bearer| name.eq_ignore_ascii_case(bearer))
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub access_token: AccessToken,
    pub validity: TokenValidity,
}

#[cfg(test)]
pub(crate) mod tests;
