//! Exchanges the token of a CI system for one of Google Cloud: workload identity federation,
//! by a token exchange (RFC 8693).

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::{Method, Request};
use object_store::Result;
use object_store::gcp::GcpCredential;
use serde::Deserialize;
use serde_json::json;
use url::form_urlencoded;

use crate::store::bucket::credential_request::{failed, send, text_field};
use crate::store::bucket::kept::{CredentialSource, Expiring};
use crate::store::bucket::service::PooledService;

pub(super) struct ExternalAccount {
    file: CredentialFile,
    service: Arc<PooledService>,
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

impl ExternalAccount {
    /// # Errors
    /// Says what is missing.
    pub(super) fn parse(
        json: &str,
        service: &Arc<PooledService>,
    ) -> Result<ExternalAccount, String> {
        let file = serde_json::from_str(json).map_err(|error| match error.to_string() {
            // Others quote the JSON.
            missing if missing.starts_with("missing field") => missing,
            _ => "the JSON is not as Google writes it".to_owned(),
        })?;
        Ok(ExternalAccount { file, service: service.clone() })
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
            send(&self.service, request, String::new()).await?
        } else {
            return Err(failed("only a token in a file or at a URL can be exchanged"));
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
        let federated = text_field(&send(&self.service, request, form).await?, "access_token")?;
        let Some(url) = &self.file.service_account_impersonation_url else {
            return Ok(GcpCredential { bearer: federated });
        };
        let request = Request::post(url)
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, format!("Bearer {federated}"));
        let scope = json!({ "scope": [STORAGE_SCOPE] }).to_string();
        let bearer = text_field(&send(&self.service, request, scope).await?, "accessToken")?;
        Ok(GcpCredential { bearer })
    }
}

#[async_trait]
impl CredentialSource<GcpCredential> for ExternalAccount {
    async fn fetch(&self) -> Result<Expiring<GcpCredential>> {
        Ok((self.exchange().await?, None))
    }
}
