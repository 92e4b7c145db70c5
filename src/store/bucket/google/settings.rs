//! Endpoint and credentials, from variables and the files that they name.

use object_store::gcp::GoogleConfigKey as Key;

use super::credentials::{GoogleCredentials, PREFIX};
use crate::context::Context;
use crate::store::bucket::endpoint::BucketEndpoint;
use crate::store::bucket::settings_error::SettingsError;
use crate::store::bucket::variables::{NamedValue, of_key};

pub(in super::super) struct GoogleSettings {
    pub(super) base_url: Option<NamedValue>,
    pub(in super::super) credentials: GoogleCredentials,
}

const DEFAULT_URL: &str = "https://storage.googleapis.com";

impl GoogleSettings {
    /// Reads no file.
    ///
    /// # Errors
    /// If there are no credentials, or some that are not supported.
    pub(in super::super) fn load(context: &Context) -> Result<GoogleSettings, SettingsError> {
        let base_url = of_key(&context.env, PREFIX, &Key::BaseUrl);
        Ok(GoogleSettings { base_url, credentials: GoogleCredentials::find(context)? })
    }

    /// Describes where requests go.
    pub(in super::super) fn described_endpoint(&self) -> BucketEndpoint {
        match &self.base_url {
            Some(NamedValue { origin, value }) => {
                BucketEndpoint { url: value.clone(), origin: format!(" from {origin}") }
            }
            None => BucketEndpoint { url: DEFAULT_URL.to_owned(), origin: String::new() },
        }
    }
}
