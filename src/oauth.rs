//! OAuth 2.0 client credentials (RFC 6749): the token endpoint of an issuer, and the checks
//! of a token at the API of Genesys Cloud.

mod limits;
mod minted_tokens;
mod revocation;
mod token_endpoint;
pub mod tokens_me;

#[cfg(fuzzing)]
pub(crate) use limits::fuzz as fuzz_limits;
pub use minted_tokens::{MintedTokens, RevokedTokens, run_has_ended};
pub use revocation::{RATE_LIMIT_WAIT, RevocationEndpoint};
#[cfg(fuzzing)]
pub(crate) use token_endpoint::fuzz_response;
pub use token_endpoint::{TokenRequest, measure_clock, mint};
