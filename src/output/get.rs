//! The formats of `get`: the token alone, as JSON, or as a header.

use jiff::SignedDuration;

use super::token_json::{TokenJson, json_line};
use super::{Bytes, TokenDetails};
use crate::error::{Error, Kind, Result};

pub fn text(details: &TokenDetails<'_>) -> Bytes {
    let mut out = Bytes::new();
    out.text(details.token.access_token.expose()).text("\n");
    out
}

/// Renders [`super::terraform::result`] plus `expires_in`, the remaining seconds as a number,
/// as in a token response (RFC 6749 section 5.1).
///
/// `remaining` is by the clocks of this machine and without the skew subtracted; it is
/// rounded down, and never below zero.
pub fn json(details: &TokenDetails<'_>, remaining: SignedDuration) -> Result<Bytes> {
    json_line(&TokenJson::new(details, Some(remaining.as_secs().max(0))))
}

/// Renders an `Authorization` header (RFC 6750 section 2.1), for example for `curl -H @-`.
///
/// # Errors
/// `Configuration` for a token that is not visible ASCII: it could end the header and begin
/// another.
pub fn header(details: &TokenDetails<'_>) -> Result<Bytes> {
    let token = details.token;
    let access_token = token.access_token.expose();
    if access_token.is_empty() || !access_token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::new(
            Kind::Configuration,
            "the access token cannot be written as a header",
        )
        .with_cause(
            "it is empty, or contains characters other than visible ASCII (RFC 6750 section 2.1)",
        )
        .with_hint("use --format json"));
    }
    let mut out = Bytes::new();
    out.text("Authorization: Bearer ").text(access_token).text("\n");
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ireland, token};
    use super::*;
    use crate::token::Token;

    fn with<T>(token: &Token, show: impl FnOnce(&TokenDetails<'_>) -> T) -> T {
        show(&TokenDetails { token, issuer: &ireland() })
    }

    #[test]
    fn text_is_the_token_and_a_newline() {
        assert_eq!(&*with(&token("abc"), text), b"abc\n");
    }

    #[test]
    fn json_tells_the_seconds_left_as_a_number() {
        let shown = |remaining| {
            let json = with(&token("abc"), |details| json(details, remaining)).unwrap();
            String::from_utf8(json.to_vec()).unwrap()
        };
        assert_eq!(
            shown(SignedDuration::from_millis(3_599_900)),
            concat!(
                r#"{"access_token":"abc","token_type":"Bearer","expires_in":3599,"#,
                r#""expires_at":"1970-01-12T14:46:40Z","aws_region":"eu-west-1","#,
                r#""api_url":"https://api.mypurecloud.ie","#,
                r#""login_url":"https://login.mypurecloud.ie"}"#,
                "\n"
            )
        );
        assert!(shown(SignedDuration::from_secs(-7)).contains(r#""expires_in":0,"#));
    }

    #[test]
    fn header_presents_the_token() {
        let token = token("a.b-c~d+e/f==");
        assert_eq!(&*with(&token, header).unwrap(), b"Authorization: Bearer a.b-c~d+e/f==\n");
    }

    #[test]
    fn header_refuses_what_could_begin_another_header() {
        for hostile in ["", "a\r\nX: y", "a\nb", "a b", "a\0", "a\x7f", "\u{20ac}"] {
            let error = with(&token(hostile), header).unwrap_err();
            assert_eq!(error.kind, Kind::Configuration);
            assert!(hostile.is_empty() || !error.to_string().contains(hostile));
        }
    }
}
