//! How a token is handed out: a file per format, each turning a token into
//! bytes. Nothing here writes anywhere.

use crate::config::Issuer;
use crate::token::Token;

mod answer;
mod bytes;
mod ci;
mod format;
pub mod get;
mod json;
mod shell;
pub mod terraform;
mod variable;

pub use bytes::Bytes;
pub use format::{Dialect, Rendered};
pub use variable::{Name, Variable};

/// What is handed out.
#[derive(Clone, Copy)]
pub struct HandOut<'a> {
    /// The token.
    pub token: &'a Token,
    /// Where it is good for.
    pub issuer: &'a Issuer,
}

#[cfg(test)]
pub(crate) mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::clock::tests::reading;
    use crate::region::Region;
    use crate::token::{AccessToken, TokenValidity};

    /// A token of one hour, asked for at 1970-01-12T13:46:40Z.
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

    /// Genesys Cloud in Ireland.
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

    /// An issuer of which only the token endpoint is known.
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
