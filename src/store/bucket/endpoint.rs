//! Where the requests of an engine go.

use url::Url;

use super::settings_error::SettingsError;
use super::variables::NamedValue;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BucketEndpoint {
    pub(super) url: String,
    /// What decides that, as the end of a phrase.
    pub(super) origin: String,
}

/// # Errors
/// If the endpoint names the bucket, too, which the location has already.
pub(super) fn check_without_bucket(
    endpoint: &NamedValue,
    bucket: &str,
    is_virtual_hosted: bool,
) -> Result<(), SettingsError> {
    let Ok(mut url) = Url::parse(&endpoint.value) else {
        return Ok(());
    };
    let path = url.path().trim_end_matches('/').to_owned();
    let host = url.host_str().unwrap_or_default().to_owned();
    let of_amazon = host.strip_prefix(bucket).and_then(|rest| rest.strip_prefix('.'));
    let of_amazon =
        of_amazon.filter(|rest| rest.starts_with("s3") && rest.contains("amazonaws.com"));
    match (path.strip_suffix(bucket), of_amazon) {
        (Some(base), _) if base.ends_with('/') => url.set_path(base),
        (_, Some(rest)) if !is_virtual_hosted => {
            let _ = url.set_host(Some(rest));
        }
        _ => return Ok(()),
    }
    let (origin, server) = (&endpoint.origin, url.as_str().trim_end_matches('/'));
    Err(SettingsError::new(
        format!("{origin} names the bucket {bucket}, which the location has already"),
        format!("name the server alone: {origin}={server}"),
    ))
}
