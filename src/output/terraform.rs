//! The result of Terraform's `external` data source.

use super::token_json::{TokenJson, json_line};
use super::{Bytes, TokenDetails};
use crate::error::Result;

/// Renders a JSON object whose values are all strings, as the protocol requires:
/// `access_token`, `token_type`, `expires_at` (RFC 3339, UTC, whole seconds), `aws_region`,
/// `api_url` and `login_url`.
///
/// There is no lifetime in seconds: Terraform stores the result in its state and in saved
/// plans, where such a number would be outdated when it is read.
pub fn result(details: &TokenDetails<'_>) -> Result<Bytes> {
    json_line(&TokenJson::new(details, None))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ireland, stranger, token};
    use super::*;

    #[test]
    fn every_value_is_a_string() {
        let (token, issuer) = (token("tok\"en"), ireland());
        let details = TokenDetails { token: &token, issuer: &issuer };
        assert_eq!(
            std::str::from_utf8(&result(&details).unwrap()).unwrap(),
            concat!(
                r#"{"access_token":"tok\"en","token_type":"Bearer","#,
                r#""expires_at":"1970-01-12T14:46:40Z","aws_region":"eu-west-1","#,
                r#""api_url":"https://api.mypurecloud.ie","#,
                r#""login_url":"https://login.mypurecloud.ie"}"#,
                "\n"
            )
        );
    }

    #[test]
    fn what_is_unknown_is_empty() {
        let (token, issuer) = (token("t"), stranger());
        let details = TokenDetails { token: &token, issuer: &issuer };
        let result = result(&details).unwrap();
        let object: serde_json::Value = serde_json::from_slice(&result).unwrap();
        for key in ["aws_region", "api_url", "login_url"] {
            assert_eq!(object[key], "", "{key}");
        }
    }
}
