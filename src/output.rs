//! How a token is handed out: a file per format, each turning a token into
//! bytes. Nothing here writes anywhere.

use crate::settings::Issuer;
use crate::token::Token;

/// What is handed out.
#[derive(Clone, Copy)]
pub struct HandOut<'a> {
    /// The token.
    pub token: &'a Token,
    /// Where it is good for.
    pub issuer: &'a Issuer,
}
