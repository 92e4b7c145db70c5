//! The token request: its form and how the client authenticates itself.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::Method;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use secrecy::ExposeSecret;
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};
use zeroize::Zeroizing;

use super::TokenRequest;
use crate::config::ClientAuth;
use crate::error::{Error, Kind, Result};
use crate::net::HttpRequest;
use crate::sanitize::Secrets;
use crate::text::flaws;

/// A token request, ready to be sent any number of times.
pub(super) struct Prepared {
    /// The token endpoint.
    pub(super) url: Url,
    /// `Authorization`, marked sensitive, with [`ClientAuth::Basic`].
    pub(super) authorization: Option<HeaderValue>,
    /// The form. Holds the secret with [`ClientAuth::Post`].
    pub(super) form: Zeroizing<String>,
    /// What no message may show.
    pub(super) secrets: Secrets,
    /// Visible mistakes in the credentials, to be told should the issuer refuse them.
    pub(super) flaws: Option<String>,
}

impl Prepared {
    /// Builds the request of RFC 6749 section 4.4.2.
    ///
    /// # Errors
    /// `Configuration` when the token endpoint's URL is none.
    pub(super) fn new(request: &TokenRequest<'_>) -> Result<Prepared> {
        let url = endpoint(&request.issuer.token_url)?;
        let secret = request.client_secret.expose_secret();
        let basic = basic(request.client_id, secret);
        let mut secrets = Secrets::default();
        secrets.add_encoded(&basic);
        // How issuers have it that do without the encoding.
        secrets.add_encoded(&pair(request.client_id, secret));
        secrets.add(secret);
        secrets.add(&encode(secret));
        let flaws = flaws::of_credentials(request.client_id, secret);
        let authorization = match request.auth {
            ClientAuth::Basic => Some(header(&basic)?),
            ClientAuth::Post => None,
        };
        Ok(Prepared { url, authorization, form: form(request, secret), secrets, flaws })
    }

    /// The endpoint as messages name it: its host, and its port unless that is
    /// the scheme's own. Never the path or the user part, which may be private.
    pub(super) fn host(&self) -> String {
        crate::net::display_host(&self.url)
    }

    /// The request with its form and its headers.
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

/// Parsed again here, although the settings have checked it: this file must
/// not send a secret to anything but a web server.
pub(super) fn endpoint(text: &str) -> Result<Url> {
    let unusable = |why: &str| {
        Error::new(Kind::Configuration, "the token endpoint's URL is unusable")
            .with_cause(why)
            .with_hint("check --token-url, --login-url or --region")
    };
    let url = Url::parse(text).map_err(|error| unusable(&error.to_string()))?;
    match url.scheme() {
        // The HTTP client would turn them into a second Authorization header.
        _ if !url.username().is_empty() || url.password().is_some() => {
            Err(unusable("it holds a user name or a password"))
        }
        "https" | "http" if url.has_host() => Ok(url),
        scheme => Err(unusable(&format!("{scheme}: is neither https nor http"))),
    }
}

/// The user-pass of RFC 6749 section 2.3.1: both parts are form-urlencoded
/// first (appendix B). That changes nothing for the ids and secrets that
/// Genesys Cloud makes, and saves a secret that holds a colon or a percent sign
/// at issuers that follow the RFC.
fn basic(id: &str, secret: &str) -> Zeroizing<String> {
    pair(&encode(id), &encode(secret))
}

fn pair(id: &str, secret: &str) -> Zeroizing<String> {
    let pair = Zeroizing::new(format!("{id}:{secret}"));
    BASE64_STANDARD.encode(pair.as_bytes()).into()
}

fn encode(text: &str) -> Zeroizing<String> {
    byte_serialize(text.as_bytes()).collect::<String>().into()
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Prepared({})", self.host())
    }
}

fn header(basic: &str) -> Result<HeaderValue> {
    let text = Zeroizing::new(format!("Basic {basic}"));
    let mut header = HeaderValue::from_str(&text).map_err(|error| {
        Error::new(Kind::Configuration, "the client's credentials are unusable").with_source(error)
    })?;
    header.set_sensitive(true);
    Ok(header)
}

/// `grant_type` and nothing else, unless more was asked for: issuers refuse
/// parameters that they do not know.
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

    fn prepared(issuer: &Issuer, id: &str, secret: &str, auth: ClientAuth) -> Result<Prepared> {
        Prepared::new(&TokenRequest { issuer, client_id: id, client_secret: &secret.into(), auth })
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
    fn scope_and_audience_are_sent_when_asked_for() {
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
