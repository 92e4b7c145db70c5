//! The role of a container or pod, from a service that a URL names.

use std::sync::Arc;

use async_trait::async_trait;
use hyper::Request;
use hyper::header::AUTHORIZATION;
use object_store::Result;
use object_store::aws::AwsCredential;

use super::session_keys;
use crate::store::bucket::credential_request::{failed, send};
use crate::store::bucket::kept::{CredentialSource, Expiring};
use crate::store::bucket::service::PooledService;
use crate::store::bucket::variables::NamedValue;

pub(super) struct ContainerRole {
    url: String,
    token: Option<NamedValue>,
    /// Read anew each time: the token in it is replaced. Counts before the token.
    token_file: Option<NamedValue>,
    service: Arc<PooledService>,
}

impl ContainerRole {
    pub(super) fn new(
        url: String,
        token: Option<NamedValue>,
        token_file: Option<NamedValue>,
        service: Arc<PooledService>,
    ) -> ContainerRole {
        ContainerRole { url, token, token_file, service }
    }

    fn token(&self) -> Result<Option<String>> {
        let Some(NamedValue { origin, value: path }) = &self.token_file else {
            return Ok(self.token.as_ref().map(|token| token.value.clone()));
        };
        let read = std::fs::read_to_string(path);
        let token =
            read.map_err(|error| failed(format!("{origin}: {path} cannot be read: {error}")))?;
        Ok(Some(token.trim().to_owned()))
    }
}

#[async_trait]
impl CredentialSource<AwsCredential> for ContainerRole {
    async fn fetch(&self) -> Result<Expiring<AwsCredential>> {
        let mut request = Request::get(&self.url);
        if let Some(token) = self.token()? {
            request = request.header(AUTHORIZATION, token);
        }
        let json = send(&self.service, request, String::new()).await?;
        session_keys::of_service(json.as_bytes()).ok_or_else(|| failed("there are no keys in it"))
    }
}
