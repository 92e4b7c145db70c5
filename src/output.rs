//! Output formats, one per file. Each turns a token or variables into bytes; nothing is
//! written here.

use crate::config::Issuer;
use crate::token::Token;

mod bytes;
mod ci;
mod format;
pub mod get;
mod json;
mod shell;
pub mod terraform;
mod token_json;
mod unsupported;
mod variable;

pub use bytes::Bytes;
pub use format::{OutputFormat, Rendered};
pub use variable::{Name, Variable};

#[derive(Clone, Copy)]
pub struct TokenDetails<'a> {
    pub token: &'a Token,
    pub issuer: &'a Issuer,
}

#[cfg(test)]
pub(crate) mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::clock::tests::reading;
    use crate::region::Region;
    use crate::token::{AccessToken, TokenValidity};

    /// Returns a token that is valid for an hour from 1970-01-12T13:46:40Z.
    pub(crate) fn token(access_token: &str) -> Token {
        Token {
            access_token: AccessToken::new(access_token.into()),
            validity: TokenValidity::new(
                reading(5, 1_000_000),
                SignedDuration::from_hours(1),
                None,
                None,
            ),
        }
    }

    pub(crate) fn ireland() -> Issuer {
        let region = Region::find("eu-west-1").unwrap();
        Issuer {
            token_url: format!("{}/oauth/token", region.login_url()),
            login_url: Some(region.login_url()),
            api_url: Some(region.api_url()),
            region: Some(region),
            scope: None,
            audience: None,
        }
    }

    /// Returns an issuer that is known only by its token endpoint.
    pub(crate) fn stranger() -> Issuer {
        Issuer {
            token_url: "https://id.example/token".into(),
            login_url: None,
            api_url: None,
            region: None,
            scope: None,
            audience: None,
        }
    }
}
