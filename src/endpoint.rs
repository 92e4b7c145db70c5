//! The token endpoint: one request, its reply, and when to try again.

use secrecy::SecretString;

use crate::error::Result;
use crate::settings::{ClientAuth, Issuer, Network};
use crate::token::Token;
use crate::world::{Clock, Talk};

/// What is sent to the token endpoint (RFC 6749 section 4.4.2).
pub struct TokenRequest<'a> {
    /// The authorization server.
    pub issuer: &'a Issuer,
    /// The client's id.
    pub client_id: &'a str,
    /// The client's secret.
    pub client_secret: &'a SecretString,
    /// How both are presented.
    pub auth: ClientAuth,
}

/// Asks for a new token, within the network's time limit.
///
/// # Errors
/// `CredentialsRefused`, `Unavailable`, `RateLimited`, `Lifetime` or
/// `Configuration`, each with the issuer's own words where it gave any.
pub fn mint(
    _request: &TokenRequest<'_>,
    _network: &Network,
    _clock: &dyn Clock,
    _talk: &Talk,
) -> Result<Token> {
    unreachable!()
}
