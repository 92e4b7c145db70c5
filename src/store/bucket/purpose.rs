//! Tells the requests for a record from those for credentials.

use url::{Host, Url};

use crate::config::BucketProvider;
use crate::context::Environment;
use crate::host::is_loopback;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Record,
    Credentials,
    /// A service of the platform hands out credentials to what runs there.
    InstanceCredentials,
}

/// Names the service of an instance that hands out its role's credentials.
pub(super) const METADATA_ENDPOINT: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";

/// Name the service of a machine of Azure that hands out its identity's tokens.
pub(super) const IDENTITY_ENDPOINTS: [&str; 3] =
    ["AZURE_MSI_ENDPOINT", "ARM_MSI_ENDPOINT", "IDENTITY_ENDPOINT"];

impl Purpose {
    pub(super) fn of_credentials(url: &Url, env: &Environment) -> Purpose {
        let is_named = |variable: &&str| {
            let named = env.text(variable).and_then(|named| Url::parse(&named).ok());
            named.is_some_and(|named| named.origin() == url.origin())
        };
        let mut variables = [METADATA_ENDPOINT].iter().chain(&IDENTITY_ENDPOINTS);
        if variables.any(is_named) || is_instance_service(url) {
            Purpose::InstanceCredentials
        } else {
            Purpose::Credentials
        }
    }

    /// Returns whether a request may be sent to a URL. A platform's own services have no
    /// certificates. Others may have none where only this machine or the user's own network
    /// can listen in.
    pub(super) fn allows(self, url: &Url, provider: BucketProvider, env: &Environment) -> bool {
        url.scheme() == "https"
            || self == Purpose::InstanceCredentials
            || is_loopback(url)
            || env.text(allow_http_variable(provider)).is_some_and(|text| is_true(&text))
    }
}

pub(super) fn allow_http_variable(provider: BucketProvider) -> &'static str {
    match provider {
        BucketProvider::S3 => "AWS_ALLOW_HTTP",
        BucketProvider::GoogleCloud => "GOOGLE_ALLOW_HTTP",
        BucketProvider::Azure => "AZURE_ALLOW_HTTP",
    }
}

/// Returns whether a switch of the library is on.
pub(super) fn is_true(text: &str) -> bool {
    ["1", "true", "on", "yes", "y"].iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Returns whether a URL names a service that a cloud offers to its own machines.
fn is_instance_service(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_link_local(),
        // Amazon's, which are unique local addresses (RFC 4193).
        Some(Host::Ipv6(ip)) => ip.segments()[..2] == [0xfd00, 0x0ec2],
        Some(Host::Domain(name)) => ["metadata.google.internal", "metadata"].contains(&name),
        None => false,
    }
}
