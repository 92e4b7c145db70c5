//! Plain requests to the sandbox, as `curl` would send them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::Method;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use serde_json::Value;
use url::Url;

use crate::config::NetworkSettings;
use crate::context::{Clock, Context, Environment, Reporter};
use crate::error::{Error, Kind, Result};
use crate::net::{HttpClient, HttpRequest, Session};
use crate::sandbox::{DEFAULT_SECRET, Sandbox, SandboxConfig};

pub(super) struct Http {
    issuer: Url,
    api: Url,
    network: NetworkSettings,
    context: Context,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct ApiResponse {
    status: u16,
    /// The API's error code; empty on success.
    code: String,
}

impl ApiResponse {
    pub(super) fn ok() -> ApiResponse {
        ApiResponse { status: 200, code: String::new() }
    }

    pub(super) fn is_ok(&self) -> bool {
        self.status == 200
    }

    pub(super) fn expired() -> ApiResponse {
        ApiResponse { status: 401, code: "credentials.expired".to_owned() }
    }
}

impl fmt::Display for ApiResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = Some(&*self.code).filter(|code| !code.is_empty());
        write!(f, "{} {}", self.status, code.unwrap_or("OK"))
    }
}

impl Http {
    pub(super) fn new(sandbox: &Sandbox, clock: Arc<dyn Clock>) -> Result<Http> {
        // On loopback, nothing of the user's environment counts.
        let quiet = Reporter::to(Box::new(std::io::sink()));
        let context = Context { clock, ..Context::with_env(Environment::from([]), quiet) };
        Ok(Http {
            issuer: url(&format!("{}/oauth/token", sandbox.login_url()))?,
            api: url(&format!("{}/api/v2/tokens/me", sandbox.api_url()))?,
            network: NetworkSettings::new(Duration::from_secs(5), None),
            context,
        })
    }

    /// Asks the issuer for a token: the token, and its `expires_in`.
    pub(super) fn mint(&self) -> Result<(String, i64)> {
        let client = format!("{}:{DEFAULT_SECRET}", SandboxConfig::default().client_id);
        let basic = format!("Basic {}", BASE64_STANDARD.encode(client));
        let form = "application/x-www-form-urlencoded".to_owned();
        let request = with_header(HttpRequest::new(Method::POST), AUTHORIZATION, basic)?;
        let request = with_header(request, CONTENT_TYPE, form)?
            .with_body("grant_type=client_credentials".to_owned().into());
        let (_, reply) = self.send(&self.issuer, &request)?;
        let token = reply["access_token"].as_str();
        let expires_in = reply["expires_in"].as_i64();
        let (token, expires_in) = token.zip(expires_in).ok_or_else(failed)?;
        Ok((token.to_owned(), expires_in))
    }

    pub(super) fn call(&self, token: &str) -> Result<ApiResponse> {
        let bearer = format!("Bearer {token}");
        let request = with_header(HttpRequest::new(Method::GET), AUTHORIZATION, bearer)?;
        let (status, reply) = self.send(&self.api, &request)?;
        let code = reply["code"].as_str().unwrap_or_default().to_owned();
        Ok(ApiResponse { status, code })
    }

    fn send(&self, url: &Url, request: &HttpRequest) -> Result<(u16, Value)> {
        let session = Session::new(&self.network, &self.context);
        let limit = self.network.timeout;
        let client = HttpClient::new(url, "no demo from", limit, &session)?;
        let response = client.round_trip(request, limit)?.reply;
        let body = serde_json::from_slice(&response.body).unwrap_or_default();
        Ok((response.status, body))
    }
}

fn with_header(request: HttpRequest, name: HeaderName, value: String) -> Result<HttpRequest> {
    let value = HeaderValue::try_from(value).map_err(|error| failed().with_source(error))?;
    Ok(request.with_header(name, value))
}

fn url(text: &str) -> Result<Url> {
    Url::parse(text).map_err(|error| failed().with_source(error))
}

fn failed() -> Error {
    Error::new(Kind::Unavailable, "cannot talk to the sandbox")
}
