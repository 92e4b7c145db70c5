//! What `curl` would do: one request to the sandbox, no proxy, no opinions.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, RequestBuilder, redirect};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::error::{Error, Kind, Result};
use crate::sandbox::{DEFAULT_SECRET, Plan, Sandbox};

/// The requests of those who are not `gc-token`.
pub(super) struct Http {
    client: Client,
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
        Answer {
            status: 200,
            code: String::new(),
        }
    }

    pub(super) fn expired() -> Answer {
        Answer {
            status: 401,
            code: "credentials.expired".to_owned(),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}",
            self.status,
            if self.code.is_empty() {
                "OK"
            } else {
                &self.code
            }
        )
    }
}

impl Http {
    pub(super) fn new() -> Result<Http> {
        Ok(Http {
            client: Client::builder()
                .tls_backend_preconfigured(no_tls().map_err(|why| failed().because(why))?)
                .no_proxy()
                .redirect(redirect::Policy::none())
                .timeout(Duration::from_secs(5))
                .build()
                .map_err(|why| failed().because(why))?,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|why| failed().because(why))?,
        })
    }

    /// Asks the issuer for a token: the token, and its `expires_in`.
    pub(super) fn mint(&self, sandbox: &Sandbox) -> Result<(String, i64)> {
        let request = self
            .client
            .post(format!("{}/oauth/token", sandbox.login_url()))
            .basic_auth(Plan::default().client_id, Some(DEFAULT_SECRET))
            .form(&[("grant_type", "client_credentials")]);
        let (_, reply) = self.send(request)?;
        let token = reply["access_token"].as_str();
        let expires_in = reply["expires_in"].as_i64();
        let (token, expires_in) = token.zip(expires_in).ok_or_else(failed)?;
        Ok((token.to_owned(), expires_in))
    }

    /// Presents a token to the API.
    pub(super) fn call(&self, sandbox: &Sandbox, token: &str) -> Result<Answer> {
        let me = format!("{}/api/v2/tokens/me", sandbox.api_url());
        let (status, reply) = self.send(self.client.get(me).bearer_auth(token))?;
        let code = reply["code"].as_str().unwrap_or_default().to_owned();
        Ok(Answer { status, code })
    }

    fn send(&self, request: RequestBuilder) -> Result<(u16, Value)> {
        let exchange = async {
            let reply = request.send().await?;
            Ok((reply.status().as_u16(), reply.bytes().await?))
        };
        let (status, body) = self
            .runtime
            .block_on(exchange)
            .map_err(|why: reqwest::Error| failed().because(why.without_url()))?;
        Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
    }
}

/// The sandbox speaks plain HTTP, and the client cannot be built without TLS.
fn no_tls() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth())
}

fn failed() -> Error {
    Error::new(Kind::Unavailable, "the sandbox cannot be talked to")
}
