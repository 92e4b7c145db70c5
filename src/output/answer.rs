//! The one shape of a token in JSON.

use serde::Serialize;

use super::{Bytes, HandOut};
use crate::error::{Error, Kind, Result};
use crate::token::BEARER;

/// A token as JSON shows it. Every value but `expires_in` is a string, and
/// empty where nothing is known, so that a script need not tell null from
/// missing.
#[derive(Serialize)]
pub(super) struct Answer<'a> {
    access_token: &'a str,
    token_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<i64>,
    expires_at: String,
    aws_region: &'a str,
    api_url: &'a str,
    login_url: &'a str,
}

impl<'a> Answer<'a> {
    /// `expires_in` in seconds; `None` leaves it out.
    pub(super) fn new(hand_out: &HandOut<'a>, expires_in: Option<i64>) -> Self {
        let HandOut { token, issuer } = *hand_out;
        Answer {
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

/// `value` as JSON in one line.
pub(super) fn line(value: &impl Serialize) -> Result<Bytes> {
    let mut out = Bytes::new();
    serde_json::to_writer(&mut out, value).map_err(|error| {
        Error::new(Kind::Output, "the token cannot be written as JSON").with_source(error)
    })?;
    out.text("\n");
    Ok(out)
}
