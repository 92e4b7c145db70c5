//! Exchanges the refresh token of a person, which `gcloud auth application-default login` has
//! written, for an access token (RFC 6749 section 6).

use std::sync::Arc;

use async_trait::async_trait;
use hyper::Request;
use hyper::header::CONTENT_TYPE;
use object_store::Result;
use object_store::gcp::GcpCredential;
use serde::Deserialize;
use url::form_urlencoded;

use crate::store::bucket::credential_request::{send, text_field};
use crate::store::bucket::kept::{CredentialSource, Expiring};
use crate::store::bucket::service::PooledService;

pub(super) struct AuthorizedUser {
    login: UserLogin,
    service: Arc<PooledService>,
}

#[derive(Deserialize)]
struct UserLogin {
    client_id: String,
    client_secret: String,
    refresh_token: String,
}

const TOKEN_URL: &str = "https://oauth2.googleapis.com/token";

impl AuthorizedUser {
    /// Returns `None` if the JSON is not complete.
    pub(super) fn parse(json: &str, service: &Arc<PooledService>) -> Option<AuthorizedUser> {
        let login = serde_json::from_str(json).ok()?;
        Some(AuthorizedUser { login, service: service.clone() })
    }

    async fn exchange(&self) -> Result<GcpCredential> {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "refresh_token")
            .append_pair("client_id", &self.login.client_id)
            .append_pair("client_secret", &self.login.client_secret)
            .append_pair("refresh_token", &self.login.refresh_token)
            .finish();
        let request =
            Request::post(TOKEN_URL).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let bearer = text_field(&send(&self.service, request, form).await?, "access_token")?;
        Ok(GcpCredential { bearer })
    }
}

#[async_trait]
impl CredentialSource<GcpCredential> for AuthorizedUser {
    async fn fetch(&self) -> Result<Expiring<GcpCredential>> {
        Ok((self.exchange().await?, None))
    }
}
