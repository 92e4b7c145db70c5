//! The result of Terraform's `external` data source.

use super::answer::{Answer, line};
use super::{Bytes, HandOut};
use crate::error::Result;

/// One JSON object whose values are all strings, as the protocol demands:
/// `access_token`, `token_type`, `expires_at` (RFC 3339, UTC, whole seconds),
/// `aws_region`, `api_url` and `login_url`, the last three empty where unknown.
///
/// It has no lifetime in seconds: Terraform keeps the result in its state and
/// in saved plans, where such a number would be wrong by the time it is read.
///
/// # Errors
/// None in practice; that of the JSON writer.
pub fn result(hand_out: &HandOut<'_>) -> Result<Bytes> {
    line(&Answer::new(hand_out, None))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ireland, stranger, token};
    use super::*;

    #[test]
    fn every_value_is_a_string() {
        let (token, issuer) = (token("tok\"en"), ireland());
        let hand_out = HandOut { token: &token, issuer: &issuer };
        assert_eq!(
            std::str::from_utf8(&result(&hand_out).unwrap()).unwrap(),
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
        let hand_out = HandOut { token: &token, issuer: &issuer };
        let result = result(&hand_out).unwrap();
        let object: serde_json::Value = serde_json::from_slice(&result).unwrap();
        for key in ["aws_region", "api_url", "login_url"] {
            assert_eq!(object[key], "", "{key}");
        }
    }
}
