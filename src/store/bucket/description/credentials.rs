//! The credentials that the library takes, in its order.

use std::path::PathBuf;

use object_store::aws::AmazonS3ConfigKey as Amazon;
use object_store::azure::AzureConfigKey as Azure;
use object_store::gcp::GoogleConfigKey as Google;
use serde_json::Value;

use super::BucketDescription;
use crate::config::BucketProvider;
use crate::store::bucket::google::{
    ALIASES as GOOGLE_ALIASES, DEFAULT_FILE as GOOGLE_DEFAULT_FILE,
};

/// The key of an Azure account, in a description.
pub(in super::super) const ACCOUNT_KEY: &str = "with the key of the account";

impl BucketDescription<'_> {
    /// Returns the kind of the credentials, and the variables that they come from, as a phrase
    /// that begins with `with`. `None` if they are incomplete.
    pub(in super::super) fn credentials(&self) -> Option<String> {
        match self.provider {
            BucketProvider::S3 => self.amazon_credentials(),
            BucketProvider::GoogleCloud => Some(self.google_credentials()),
            BucketProvider::Azure => Some(self.azure_credentials()),
        }
    }

    fn amazon_credentials(&self) -> Option<String> {
        let name = |key| self.name_of(&key);
        if self.is_set(&Amazon::SkipSignature) {
            return Some(unsigned(name(Amazon::SkipSignature)));
        }
        let (id, secret) = (name(Amazon::AccessKeyId), name(Amazon::SecretAccessKey));
        if id.is_some() || secret.is_some() {
            let (id, secret) = (id?, secret?);
            return Some(match name(Amazon::Token) {
                Some(token) => format!("with the key of a session from {id}, {secret} and {token}"),
                None => format!("with an access key from {id} and {secret}"),
            });
        }
        if let (Some(token), Some(role)) =
            (name(Amazon::WebIdentityTokenFile), name(Amazon::RoleArn))
        {
            return Some(format!("with the role of a web identity from {token} and {role}"));
        }
        if let Some(uri) = name(Amazon::ContainerCredentialsRelativeUri) {
            return Some(format!("with the role of the container from {uri}"));
        }
        let (uri, token) = (
            name(Amazon::ContainerCredentialsFullUri),
            name(Amazon::ContainerAuthorizationTokenFile),
        );
        Some(match (uri, token) {
            (Some(uri), Some(token)) => {
                format!("with the role of the pod from {uri} and {token}")
            }
            _ => "with the role of the instance from its metadata service".to_owned(),
        })
    }

    fn google_credentials(&self) -> String {
        let name = |key| self.name_of(&key);
        if self.is_set(&Google::SkipSignature) {
            return unsigned(name(Google::SkipSignature));
        }
        let alias = || {
            let mut aliases = GOOGLE_ALIASES.iter().map(|(alias, _)| *alias);
            aliases.find(|alias| self.env.os(alias).is_some()).map(str::to_owned)
        };
        if let Some(token) = name(Google::BearerToken).or_else(alias) {
            return format!("with an access token from {token}");
        }
        for key in [Google::ServiceAccount, Google::ServiceAccountKey] {
            if let Some(account) = name(key) {
                return format!("with a service account from {account}");
            }
        }
        if let Some((variable, file)) = self.named(&Google::ApplicationCredentials) {
            return format!("with {} from {variable}", kind_of_file(&file.into()));
        }
        let default = self.env.os("HOME").map(|home| PathBuf::from(home).join(GOOGLE_DEFAULT_FILE));
        match default.filter(|file| file.exists()) {
            Some(file) => format!("with {} from ~/{GOOGLE_DEFAULT_FILE}", kind_of_file(&file)),
            None => "with the account of the instance from its metadata service".to_owned(),
        }
    }

    fn azure_credentials(&self) -> String {
        let name = |key| self.name_of(&key);
        if self.is_set(&Azure::SkipSignature) {
            return unsigned(name(Azure::SkipSignature));
        }
        if let Some((variable, kind)) = self.named(&Azure::CredentialType)
            && kind != "auto"
        {
            return format!("with the kind of credentials that {variable} names");
        }
        if let Some(token) = name(Azure::Token) {
            return format!("with an access token from {token}");
        }
        if let Some(key) = name(Azure::AccessKey) {
            return format!("{ACCOUNT_KEY} from {key}");
        }
        if let (Some(id), Some(_)) = (name(Azure::ClientId), name(Azure::AuthorityId)) {
            if let Some(file) = name(Azure::FederatedTokenFile) {
                return format!("with a workload identity from {id} and {file}");
            }
            if let Some(secret) = name(Azure::ClientSecret) {
                return format!("with a service principal from {id} and {secret}");
            }
        }
        if let Some(sas) = name(Azure::SasKey) {
            return format!("with a SAS token from {sas}");
        }
        match name(Azure::MsiEndpoint) {
            Some(endpoint) => format!("with the identity of the machine from {endpoint}"),
            None => "with the identity of the machine from its metadata service".to_owned(),
        }
    }
}

fn unsigned(variable: Option<String>) -> String {
    format!("without credentials, by {}", variable.unwrap_or_default())
}

/// Names the content of a file of Google's tools.
fn kind_of_file(file: &PathBuf) -> &'static str {
    let json = std::fs::read(file).unwrap_or_default();
    let json: Value = serde_json::from_slice(&json).unwrap_or_default();
    match json.get("type").and_then(Value::as_str) {
        Some("service_account") => "a service account",
        Some("external_account") => "workload identity federation",
        Some("authorized_user") => "the login of a user",
        _ => "credentials",
    }
}
