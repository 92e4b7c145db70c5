//! What the settings say about the way to a bucket: its endpoint, whether that is encrypted, and
//! the credentials.

use url::Url;

use super::amazon::AmazonSettings;
use super::azure::AzureSettings;
use super::endpoint::BucketEndpoint;
use super::google::GoogleSettings;
use super::settings_error::SettingsError;
use crate::config::BucketProvider;
use crate::context::Context;
use crate::host::is_loopback;
use crate::store::{NoteLevel, StoreNote};
use crate::text::shown;

/// Returns nothing for settings with which there is no client: a request tells why.
pub(super) fn notes(provider: BucketProvider, bucket: &str, context: &Context) -> Vec<StoreNote> {
    let described = match provider {
        BucketProvider::S3 => amazon(bucket, context),
        BucketProvider::GoogleCloud => google(context),
        BucketProvider::Azure => azure(context),
    };
    let Ok((endpoint, credentials)) = described else {
        return Vec::new();
    };
    let mut notes = Vec::new();
    if let Some(BucketEndpoint { url, origin }) = endpoint {
        notes.push(StoreNote::ok(format!("its endpoint is {}{origin}", shown::url(&url))));
        notes.extend(encryption(&url));
    }
    notes.push(StoreNote::connects(&credentials));
    notes
}

type Described = Result<(Option<BucketEndpoint>, String), SettingsError>;

fn amazon(bucket: &str, context: &Context) -> Described {
    let settings = AmazonSettings::load(context)?;
    let endpoint = settings.described_endpoint(bucket, &context.env);
    Ok((Some(endpoint), settings.credentials.to_string()))
}

fn google(context: &Context) -> Described {
    let settings = GoogleSettings::load(context)?;
    Ok((Some(settings.described_endpoint()), settings.credentials.to_string()))
}

fn azure(context: &Context) -> Described {
    let settings = AzureSettings::load(context)?;
    Ok((settings.described_endpoint(), settings.credentials.to_string()))
}

fn encryption(url: &str) -> Option<StoreNote> {
    let url = Url::parse(url).ok()?;
    let is_encrypted = url.scheme() == "https";
    let hint = "use an endpoint that begins with https:";
    StoreNote::of_encryption(is_encrypted, is_loopback(&url), NoteLevel::Warning, hint)
}
