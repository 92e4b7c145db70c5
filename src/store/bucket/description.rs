//! What the variables say about the way to a bucket: its endpoint, whether that is encrypted, and
//! the credentials.

mod credentials;

use std::str::FromStr;

use object_store::aws::AmazonS3ConfigKey;
use object_store::azure::AzureConfigKey;
use object_store::gcp::GoogleConfigKey;
use url::Url;

use super::purpose::is_true;
use super::variables::variable_prefix;
use crate::config::BucketProvider;
use crate::context::Environment;
use crate::host::is_loopback;
use crate::store::{NoteLevel, StoreNote};
use crate::text::shown;

pub(super) use credentials::ACCOUNT_KEY;

pub(super) struct BucketDescription<'a> {
    pub(super) provider: BucketProvider,
    pub(super) bucket: &'a str,
    pub(super) env: &'a Environment,
}

struct BucketEndpoint {
    url: String,
    origin: String,
}

const DEFAULT_REGION: &str = "us-east-1";

impl BucketDescription<'_> {
    pub(super) fn notes(&self) -> Vec<StoreNote> {
        let mut notes = Vec::new();
        if let Some(BucketEndpoint { url, origin }) = self.endpoint() {
            notes.push(StoreNote::ok(format!("its endpoint is {}{origin}", shown::url(&url))));
            notes.extend(encryption(&url));
        }
        notes.extend(self.credentials().map(|found| StoreNote::ok(format!("connects {found}"))));
        notes
    }

    /// Returns the URL that requests go to, as the library forms it; `None` if settings are
    /// missing for that.
    fn endpoint(&self) -> Option<BucketEndpoint> {
        match self.provider {
            BucketProvider::S3 => Some(self.amazon_endpoint()),
            BucketProvider::GoogleCloud => Some(match self.named(&GoogleConfigKey::BaseUrl) {
                Some((name, url)) => BucketEndpoint { url, origin: format!(" from {name}") },
                None => {
                    let url = "https://storage.googleapis.com".to_owned();
                    BucketEndpoint { url, origin: String::new() }
                }
            }),
            BucketProvider::Azure => {
                let (variable, account) = self.named(&AzureConfigKey::AccountName)?;
                let account_origin = format!("the account from {variable}");
                Some(match self.named(&AzureConfigKey::Endpoint) {
                    Some((name, url)) => BucketEndpoint {
                        url,
                        origin: format!(" from {name}, with {account_origin}"),
                    },
                    None => BucketEndpoint {
                        url: format!("https://{account}.blob.core.windows.net"),
                        origin: format!(", by {account_origin}"),
                    },
                })
            }
        }
    }

    fn amazon_endpoint(&self) -> BucketEndpoint {
        let region = self
            .named(&AmazonS3ConfigKey::Region)
            .or_else(|| self.named(&AmazonS3ConfigKey::DefaultRegion));
        let region_origin = match &region {
            Some((name, region)) => format!("the region {region} from {name}"),
            None => format!("the region {DEFAULT_REGION} by default"),
        };
        let endpoint = self
            .named(&AmazonS3ConfigKey::S3Endpoint)
            .or_else(|| self.named(&AmazonS3ConfigKey::Endpoint));
        if let Some((name, url)) = endpoint {
            return BucketEndpoint { url, origin: format!(" from {name}, with {region_origin}") };
        }
        let region = region.map_or_else(|| DEFAULT_REGION.to_owned(), |(_, region)| region);
        let host = if self.is_set(&AmazonS3ConfigKey::VirtualHostedStyleRequest) {
            format!("{}.s3.{region}.amazonaws.com", self.bucket)
        } else {
            format!("s3.{region}.amazonaws.com")
        };
        BucketEndpoint { url: format!("https://{host}"), origin: format!(", by {region_origin}") }
    }

    /// Returns the variable that counts for a setting of the library, and its value: of several,
    /// the last one in the order of their names.
    fn named<K: FromStr + PartialEq>(&self, key: &K) -> Option<(String, String)> {
        let names = self.env.names(variable_prefix(self.provider)).into_iter();
        let of_key = |name: &String| {
            let parsed = name.to_ascii_lowercase().parse::<K>();
            parsed.is_ok_and(|parsed| parsed == *key) && self.env.os(name).is_some()
        };
        let name = names.filter_map(|name| name.into_string().ok()).filter(of_key).max()?;
        let value = self.env.text(&name)?;
        Some((name, value))
    }

    fn name_of<K: FromStr + PartialEq>(&self, key: &K) -> Option<String> {
        self.named(key).map(|(name, _)| name)
    }

    /// Returns whether a switch of the library is on.
    fn is_set<K: FromStr + PartialEq>(&self, key: &K) -> bool {
        self.named(key).is_some_and(|(_, value)| is_true(&value))
    }
}

fn encryption(url: &str) -> Option<StoreNote> {
    let url = Url::parse(url).ok()?;
    let is_encrypted = url.scheme() == "https";
    let hint = "use an endpoint that begins with https:";
    StoreNote::of_encryption(is_encrypted, is_loopback(&url), NoteLevel::Warning, hint)
}
