//! Exchanges the token of a CI system for one of Google Cloud: workload identity federation,
//! by a token exchange (RFC 8693).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::http::request::Builder;
use hyper::{Method, Request};
use jiff::SignedDuration;
use object_store::client::{HttpClient, HttpRequestBody};
use object_store::gcp::GcpCredential;
use object_store::{CredentialProvider, Error, Result};
use serde::Deserialize;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::super::connector::PooledConnector;
use super::super::service::PooledService;
use crate::clock::Reading;
use crate::sync;

/// Hands out access tokens; each is kept for a part of its life.
pub(super) struct ExternalAccount {
    file: CredentialFile,
    service: Arc<PooledService>,
    last: Mutex<Option<(Reading, Arc<GcpCredential>)>>,
}

/// A file of the type `external_account`, as `gcloud` and actions of GitHub write it.
#[derive(Deserialize)]
struct CredentialFile {
    audience: String,
    subject_token_type: String,
    token_url: String,
    credential_source: SubjectTokenSource,
    service_account_impersonation_url: Option<String>,
}

/// The place of the CI system's token.
#[derive(Deserialize)]
struct SubjectTokenSource {
    file: Option<String>,
    url: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    format: Option<SubjectTokenFormat>,
}

#[derive(Deserialize)]
struct SubjectTokenFormat {
    /// The field of the token in a JSON object; `None` for plain text.
    subject_token_field_name: Option<String>,
}

const CLOUD_SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
const STORAGE_SCOPE: &str = "https://www.googleapis.com/auth/devstorage.read_write";

/// Access tokens live for an hour, unless the account's owner made that shorter.
const KEPT_FOR: SignedDuration = SignedDuration::from_mins(5);

impl ExternalAccount {
    /// Returns `None` for a file of another type.
    pub(super) fn parse(
        json: &str,
        service: &Arc<PooledService>,
    ) -> Option<Result<ExternalAccount>> {
        let value: Value = serde_json::from_str(json).ok()?;
        if value.get("type")?.as_str()? != "external_account" {
            return None;
        }
        let file = serde_json::from_value(value).map_err(|error| failed(error.to_string()));
        let last = Mutex::default();
        Some(file.map(|file| ExternalAccount { file, service: service.clone(), last }))
    }

    async fn subject_token(&self) -> Result<String> {
        let source = &self.file.credential_source;
        let text = if let Some(file) = &source.file {
            let read = std::fs::read_to_string(file);
            read.map_err(|error| failed(format!("{file} cannot be read: {error}")))?
        } else if let Some(url) = &source.url {
            let mut request = Request::get(url);
            for (name, value) in &source.headers {
                request = request.header(name, value);
            }
            self.send(request, String::new()).await?
        } else {
            return Err(failed("only a token in a file or at a URL can be exchanged".to_owned()));
        };
        match source.format.as_ref().and_then(|format| format.subject_token_field_name.as_deref()) {
            Some(field) => text_field(&text, field),
            None => Ok(text.trim().to_owned()),
        }
    }

    async fn exchange(&self) -> Result<GcpCredential> {
        let subject_token = self.subject_token().await?;
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange")
            .append_pair("audience", &self.file.audience)
            .append_pair("scope", CLOUD_SCOPE)
            .append_pair("requested_token_type", "urn:ietf:params:oauth:token-type:access_token")
            .append_pair("subject_token_type", &self.file.subject_token_type)
            .append_pair("subject_token", &subject_token)
            .finish();
        let request = Request::builder()
            .method(Method::POST)
            .uri(&self.file.token_url)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let federated = text_field(&self.send(request, form).await?, "access_token")?;
        let Some(url) = &self.file.service_account_impersonation_url else {
            return Ok(GcpCredential { bearer: federated });
        };
        let request = Request::post(url)
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, format!("Bearer {federated}"));
        let scope = json!({ "scope": [STORAGE_SCOPE] }).to_string();
        let bearer = text_field(&self.send(request, scope).await?, "accessToken")?;
        Ok(GcpCredential { bearer })
    }

    async fn send(&self, request: Builder, body: String) -> Result<String> {
        let request = request.body(HttpRequestBody::from(body));
        let request = request.map_err(|error| failed(error.to_string()))?;
        let client = HttpClient::new(PooledConnector(self.service.clone()));
        let response = client.execute(request).await.map_err(|error| failed(error.to_string()))?;
        if !response.status().is_success() {
            return Err(failed(format!("HTTP {}", response.status().as_u16())));
        }
        let body = response.into_body().bytes().await;
        let body = body.map_err(|error| failed(error.to_string()))?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }
}

#[async_trait]
impl CredentialProvider for ExternalAccount {
    type Credential = GcpCredential;

    async fn get_credential(&self) -> Result<Arc<GcpCredential>> {
        let now = self.service.context().clock.read();
        if let Some((then, credential)) = &*sync::lock(&self.last)
            && now.boot_since(then).is_some_and(|since| since < KEPT_FOR)
        {
            return Ok(credential.clone());
        }
        let credential = Arc::new(self.exchange().await?);
        *sync::lock(&self.last) = Some((now, credential.clone()));
        Ok(credential)
    }
}

fn text_field(json: &str, field: &str) -> Result<String> {
    let value: Option<Value> = serde_json::from_str(json).ok();
    let text = value.as_ref().and_then(|value| value.get(field)?.as_str());
    text.map(str::to_owned)
        .ok_or_else(|| failed(format!("a response of the token exchange has no {field}")))
}

/// The text names no part of a token.
fn failed(text: String) -> Error {
    Error::Generic { store: "Google Cloud Storage", source: text.into() }
}

impl fmt::Debug for ExternalAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExternalAccount").finish_non_exhaustive()
    }
}
