//! The JSON representation of a token.

use serde::Serialize;

use super::{Bytes, TokenDetails};
use crate::error::{Error, Kind, Result};
use crate::token::BEARER;

/// Every value but `expires_in` is a string, and empty if unknown, so that scripts need not
/// distinguish null from missing.
#[derive(Serialize)]
pub(super) struct TokenJson<'a> {
    access_token: &'a str,
    token_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<i64>,
    expires_at: String,
    aws_region: &'a str,
    api_url: &'a str,
    login_url: &'a str,
}

impl<'a> TokenJson<'a> {
    /// `expires_in` is in seconds; `None` omits it.
    pub(super) fn new(details: &TokenDetails<'a>, expires_in: Option<i64>) -> Self {
        let TokenDetails { token, issuer } = *details;
        TokenJson {
            access_token: token.access_token.expose(),
            token_type: BEARER,
            expires_in,
            expires_at: token.validity.expires_at().to_string(),
            aws_region: issuer.region.map_or("", |region| region.aws),
            api_url: issuer.api_url.as_deref().unwrap_or_default(),
            login_url: issuer.login_url.as_deref().unwrap_or_default(),
        }
    }
}

pub(super) fn json_line(value: &impl Serialize) -> Result<Bytes> {
    let mut out = Bytes::new();
    serde_json::to_writer(&mut out, value).map_err(|error| {
        Error::new(Kind::Output, "the token cannot be written as JSON").with_source(error)
    })?;
    out.text("\n");
    Ok(out)
}
