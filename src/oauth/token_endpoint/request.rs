//! The token request (RFC 6749 section 4.4.2) and the authentication of the client.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::Method;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};
use zeroize::Zeroizing;

use crate::config::{ClientAuth, Issuer};
use crate::error::{Error, Kind, Result};
use crate::net::HttpRequest;
use crate::sanitize::Secrets;
use crate::text::flaws;

pub struct TokenRequest<'a> {
    pub issuer: &'a Issuer,
    pub client_id: &'a str,
    pub client_secret: &'a SecretString,
    pub auth: ClientAuth,
}

pub(super) struct PreparedRequest {
    pub(super) url: Url,
    /// Marked sensitive. Set with [`ClientAuth::Basic`].
    authorization: Option<HeaderValue>,
    /// Contains the secret with [`ClientAuth::Post`].
    form: Zeroizing<String>,
    /// To be redacted in messages.
    pub(super) secrets: Secrets,
    /// Visible mistakes in the credentials, for the case that the issuer refuses them.
    pub(super) flaws: Option<String>,
}

impl PreparedRequest {
    /// # Errors
    /// `Configuration` if the token endpoint's URL or the credentials are unusable.
    pub(super) fn new(request: &TokenRequest<'_>) -> Result<PreparedRequest> {
        let url = parse_token_url(&request.issuer.token_url)?;
        let secret = request.client_secret.expose_secret();
        let basic = basic(request.client_id, secret);
        let mut secrets = Secrets::default();
        secrets.add_encoded(&basic);
        // For issuers that echo the credentials without the encoding.
        secrets.add_encoded(&base64_pair(request.client_id, secret));
        secrets.add(secret);
        secrets.add(&form_encode(secret));
        let flaws = flaws::of_credentials(request.client_id, secret);
        let authorization = match request.auth {
            ClientAuth::Basic => Some(basic_header(&basic)?),
            ClientAuth::Post => None,
        };
        Ok(PreparedRequest { url, authorization, form: form(request, secret), secrets, flaws })
    }

    /// Host and port for messages, without path and user part, which may be private.
    pub(super) fn host(&self) -> String {
        crate::net::display_host(&self.url)
    }

    pub(super) fn to_http(&self) -> HttpRequest {
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        let request = HttpRequest::new(Method::POST)
            .with_header(ACCEPT, HeaderValue::from_static("application/json"))
            .with_header(CONTENT_TYPE, form)
            .with_body(self.form.clone());
        match &self.authorization {
            Some(authorization) => request.with_header(AUTHORIZATION, authorization.clone()),
            None => request,
        }
    }
}

/// Parses the URL again, although the settings have checked it: the secret must not be sent
/// to anything but a web server.
pub(super) fn parse_token_url(text: &str) -> Result<Url> {
    let unusable = |why: &str| {
        Error::new(Kind::Configuration, "the token endpoint's URL is unusable")
            .with_cause(why)
            .with_hint("check --token-url, --login-url or --region")
    };
    let url = Url::parse(text).map_err(|error| unusable(&error.to_string()))?;
    match url.scheme() {
        // The HTTP client would make a second Authorization header of them.
        _ if !url.username().is_empty() || url.password().is_some() => {
            Err(unusable("it holds a user name or a password"))
        }
        "https" | "http" if url.has_host() => Ok(url),
        scheme => Err(unusable(&format!("{scheme}: is neither https nor http"))),
    }
}

/// Form-urlencodes both parts first, as RFC 6749 section 2.3.1 (appendix B) demands. That
/// matters for a secret with a colon or a percent sign, which Genesys Cloud does not make.
fn basic(id: &str, secret: &str) -> Zeroizing<String> {
    base64_pair(&form_encode(id), &form_encode(secret))
}

fn base64_pair(id: &str, secret: &str) -> Zeroizing<String> {
    let pair = Zeroizing::new(format!("{id}:{secret}"));
    BASE64_STANDARD.encode(pair.as_bytes()).into()
}

fn form_encode(text: &str) -> Zeroizing<String> {
    byte_serialize(text.as_bytes()).collect::<String>().into()
}

impl std::fmt::Debug for PreparedRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PreparedRequest({})", self.host())
    }
}

fn basic_header(basic: &str) -> Result<HeaderValue> {
    let text = Zeroizing::new(format!("Basic {basic}"));
    let mut header = HeaderValue::from_str(&text).map_err(|error| {
        Error::new(Kind::Configuration, "the client's credentials are unusable").with_source(error)
    })?;
    header.set_sensitive(true);
    Ok(header)
}

/// Sends no parameter that was not configured: some issuers refuse unknown ones.
fn form(request: &TokenRequest<'_>, secret: &str) -> Zeroizing<String> {
    let mut form = Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials");
    let optional = [
        ("scope", request.issuer.scope.as_deref()),
        ("audience", request.issuer.audience.as_deref()),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            form.append_pair(name, value);
        }
    }
    if request.auth == ClientAuth::Post {
        form.append_pair("client_id", request.client_id);
        form.append_pair("client_secret", secret);
    }
    form.finish().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Issuer;

    fn issuer(token_url: &str) -> Issuer {
        Issuer {
            token_url: token_url.to_owned(),
            login_url: None,
            api_url: None,
            region: None,
            scope: None,
            audience: None,
        }
    }

    fn prepared(
        issuer: &Issuer,
        id: &str,
        secret: &str,
        auth: ClientAuth,
    ) -> Result<PreparedRequest> {
        PreparedRequest::new(&TokenRequest {
            issuer,
            client_id: id,
            client_secret: &secret.into(),
            auth,
        })
    }

    const URL: &str = "https://login.mypurecloud.ie/oauth/token";

    #[test]
    fn basic_sends_the_grant_type_and_nothing_else() {
        let request = prepared(&issuer(URL), "id", "secret", ClientAuth::Basic).unwrap();
        assert_eq!(*request.form, "grant_type=client_credentials");
        let authorization = request.authorization.unwrap();
        assert_eq!(authorization, "Basic aWQ6c2VjcmV0");
        assert!(authorization.is_sensitive());
    }

    #[test]
    fn basic_encodes_both_parts_before_it_joins_them() {
        let request = prepared(&issuer(URL), "a:b", "p%q r+\u{e9}", ClientAuth::Basic).unwrap();
        let header = request.authorization.unwrap();
        let pair = header.to_str().unwrap().strip_prefix("Basic ").unwrap();
        assert_eq!(BASE64_STANDARD.decode(pair).unwrap(), b"a%3Ab:p%25q+r%2B%C3%A9");
    }

    #[test]
    fn post_puts_the_credentials_into_the_form() {
        let request = prepared(&issuer(URL), "i d", "s&t", ClientAuth::Post).unwrap();
        assert_eq!(
            *request.form,
            "grant_type=client_credentials&client_id=i+d&client_secret=s%26t"
        );
        assert_eq!(request.authorization, None);
    }

    #[test]
    fn scope_and_audience_are_sent_if_configured() {
        let issuer = Issuer {
            scope: Some("a b".into()),
            audience: Some("https://api".into()),
            ..issuer(URL)
        };
        let request = prepared(&issuer, "id", "secret", ClientAuth::Basic).unwrap();
        assert_eq!(
            *request.form,
            "grant_type=client_credentials&scope=a+b&audience=https%3A%2F%2Fapi"
        );
    }

    #[test]
    fn messages_name_the_host_and_no_more() {
        for (url, name) in [
            (URL, "login.mypurecloud.ie"),
            ("https://host.example:8443/t?k=v", "host.example:8443"),
            ("http://[::1]:80/t", "[::1]"),
        ] {
            let request = prepared(&issuer(url), "id", "secret", ClientAuth::Basic).unwrap();
            assert_eq!(request.host(), name);
        }
    }

    #[test]
    fn a_secret_goes_to_web_servers_only() {
        for (url, cause) in [
            ("", "relative URL without a base"),
            ("login.mypurecloud.ie", "relative URL without a base"),
            ("ftp://x/", "ftp: is neither https nor http"),
            ("file:///etc/passwd", "file: is neither https nor http"),
            ("https://me:pw@x/", "it holds a user name or a password"),
        ] {
            let error = prepared(&issuer(url), "id", "secret", ClientAuth::Basic).unwrap_err();
            assert_eq!(error.kind, Kind::Configuration, "{url}");
            assert_eq!(error.cause.as_deref(), Some(cause), "{url}");
        }
    }
}
