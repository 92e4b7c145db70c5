//! What `curl` would do: one request to the sandbox, and no opinions.

use std::fmt;
use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use tokio::runtime::Runtime;
use url::Url;

use crate::config::NetworkSettings;
use crate::context::{Clock, Context, Environment, Reporter};
use crate::error::{Error, Kind, Result};
use crate::net::HttpClient;
use crate::sandbox::{DEFAULT_SECRET, Sandbox, SandboxConfig};

/// The requests of those who are not `gc-token`.
pub(super) struct Http<'a> {
    issuer: HttpClient,
    api: HttpClient,
    clock: &'a dyn Clock,
    runtime: Runtime,
}

/// What the API says to a token.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    status: u16,
    /// The API's name for what is wrong; empty when nothing is.
    code: String,
}

impl Answer {
    pub(super) fn ok() -> Answer {
        Answer { status: 200, code: String::new() }
    }

    pub(super) fn expired() -> Answer {
        Answer { status: 401, code: "credentials.expired".to_owned() }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = Some(&*self.code).filter(|code| !code.is_empty());
        write!(f, "{} {}", self.status, code.unwrap_or("OK"))
    }
}

impl<'a> Http<'a> {
    pub(super) fn new(sandbox: &Sandbox, clock: &'a dyn Clock) -> Result<Http<'a>> {
        Ok(Http {
            issuer: client(&format!("{}/oauth/token", sandbox.login_url()))?,
            api: client(&format!("{}/api/v2/tokens/me", sandbox.api_url()))?,
            clock,
            runtime: crate::context::runtime()
                .map_err(|why| Error { kind: Kind::System, ..failed().with_source(why) })?,
        })
    }

    /// Asks the issuer for a token: the token, and its `expires_in`.
    pub(super) fn mint(&self) -> Result<(String, i64)> {
        let request = self
            .issuer
            .request(Method::POST)
            .basic_auth(SandboxConfig::default().client_id, Some(DEFAULT_SECRET))
            .form(&[("grant_type", "client_credentials")]);
        let (_, reply) = self.send(&self.issuer, request)?;
        let token = reply["access_token"].as_str();
        let expires_in = reply["expires_in"].as_i64();
        let (token, expires_in) = token.zip(expires_in).ok_or_else(failed)?;
        Ok((token.to_owned(), expires_in))
    }

    /// Presents a token to the API.
    pub(super) fn call(&self, token: &str) -> Result<Answer> {
        let request = self.api.request(Method::GET).bearer_auth(token);
        let (status, reply) = self.send(&self.api, request)?;
        let code = reply["code"].as_str().unwrap_or_default().to_owned();
        Ok(Answer { status, code })
    }

    fn send(&self, client: &HttpClient, request: RequestBuilder) -> Result<(u16, Value)> {
        let round_trip = self.runtime.block_on(client.send(request, self.clock));
        let reply = round_trip.map_err(|failure| failure.error)?.reply;
        let body = serde_json::from_slice(&reply.body).unwrap_or_default();
        Ok((reply.status, body))
    }
}

/// On loopback, so nothing of the user's environment counts.
fn client(url: &str) -> Result<HttpClient> {
    let url = Url::parse(url).map_err(|why| failed().with_source(why))?;
    let network = NetworkSettings { timeout: Duration::from_secs(5), ca_file: None };
    let quiet = Reporter::to(Box::new(std::io::sink()));
    let context = Context::with_env(Environment::from([]), quiet);
    HttpClient::new(&url, "no demo", &network, &context)
}

fn failed() -> Error {
    Error::new(Kind::Unavailable, "the sandbox cannot be talked to")
}
