//! Exchanges the token of a CI system for one of Azure: a client assertion (RFC 7523).

use std::sync::Arc;

use async_trait::async_trait;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::{Method, Request};
use object_store::Result;
use object_store::azure::AzureCredential;
use url::{Url, form_urlencoded};

use super::cloud::PUBLIC;
use crate::context::Environment;
use crate::store::bucket::credential_request::{failed, send, text_field};
use crate::store::bucket::kept::{CredentialSource, Expiring};
use crate::store::bucket::service::PooledService;
use crate::store::bucket::variables::{NamedValue, first};

pub(super) struct ClientAssertion {
    token_url: String,
    client_id: String,
    source: AssertionSource,
    service: Arc<PooledService>,
}

/// Where the CI system's token is from.
pub(in super::super) enum AssertionSource {
    Known(NamedValue),
    /// A service of the CI system, as that of GitHub Actions.
    Request {
        url: NamedValue,
        token: NamedValue,
        /// Of Azure Pipelines, whose service wants to know for which of its connections.
        connection: Option<NamedValue>,
    },
}

/// The audience that Azure wants in such a token.
const AUDIENCE: &str = "api://AzureADTokenExchange";

const STORAGE_SCOPE: &str = "https://storage.azure.com/.default";

const REQUEST_URLS: [&str; 3] =
    ["ARM_OIDC_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_URL", "SYSTEM_OIDCREQUESTURI"];
const REQUEST_TOKENS: [&str; 3] =
    ["ARM_OIDC_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "SYSTEM_ACCESSTOKEN"];
const CONNECTIONS: [&str; 2] =
    ["ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID", "ARM_OIDC_AZURE_SERVICE_CONNECTION_ID"];

impl AssertionSource {
    pub(super) fn find(env: &Environment) -> Option<AssertionSource> {
        if let Some(token) = first(env, ["ARM_OIDC_TOKEN"]) {
            return Some(AssertionSource::Known(token));
        }
        let url = first(env, REQUEST_URLS)?;
        let token = first(env, REQUEST_TOKENS)?;
        let connection = first(env, CONNECTIONS);
        Some(AssertionSource::Request { url, token, connection })
    }

    pub(super) fn origin(&self) -> &str {
        match self {
            AssertionSource::Known(token) => &token.origin,
            AssertionSource::Request { url, .. } => &url.origin,
        }
    }
}

impl ClientAssertion {
    pub(super) fn new(
        client_id: String,
        tenant: &str,
        source: AssertionSource,
        authority_host: Option<&str>,
        service: Arc<PooledService>,
    ) -> ClientAssertion {
        let host = authority_host.unwrap_or(PUBLIC.authority_host);
        let token_url = format!("{host}/{tenant}/oauth2/v2.0/token");
        ClientAssertion { token_url, client_id, source, service }
    }

    async fn assertion(&self) -> Result<String> {
        let (url, token, connection) = match &self.source {
            AssertionSource::Known(token) => return Ok(token.value.clone()),
            AssertionSource::Request { url, token, connection } => (url, token, connection),
        };
        let mut request_url =
            Url::parse(&url.value).map_err(|_| failed(format!("{} is not a URL", url.origin)))?;
        let (method, field) = match connection {
            Some(connection) => {
                request_url
                    .query_pairs_mut()
                    .append_pair("api-version", "7.1")
                    .append_pair("serviceConnectionId", &connection.value);
                (Method::POST, "oidcToken")
            }
            None => {
                request_url.query_pairs_mut().append_pair("audience", AUDIENCE);
                (Method::GET, "value")
            }
        };
        let request = Request::builder()
            .method(method)
            .uri(request_url.as_str())
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, format!("Bearer {}", token.value));
        text_field(&send(&self.service, request, String::new()).await?, field)
    }

    async fn exchange(&self) -> Result<AzureCredential> {
        let assertion = self.assertion().await?;
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_id", &self.client_id)
            .append_pair("scope", STORAGE_SCOPE)
            .append_pair(
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            )
            .append_pair("client_assertion", &assertion)
            .finish();
        let request = Request::post(&self.token_url)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let token = text_field(&send(&self.service, request, form).await?, "access_token")?;
        Ok(AzureCredential::BearerToken(token))
    }
}

#[async_trait]
impl CredentialSource<AzureCredential> for ClientAssertion {
    async fn fetch(&self) -> Result<Expiring<AzureCredential>> {
        Ok((self.exchange().await?, None))
    }
}
