//! Region, endpoints and credentials, from variables and the profile.

use object_store::aws::AmazonS3ConfigKey as Key;

use super::chain::PREFIX;
use super::credentials::AmazonCredentials;
use super::endpoint::{self, EndpointKind};
use super::profile::AwsProfile;
use crate::context::{Context, Environment};
use crate::store::bucket::endpoint::BucketEndpoint;
use crate::store::bucket::purpose::is_true;
use crate::store::bucket::region::SignedRegion;
use crate::store::bucket::settings_error::SettingsError;
use crate::store::bucket::variables::values::{
    flaw_of_amazons_region, flaw_of_region, flaw_of_switch,
};
use crate::store::bucket::variables::{NamedValue, first, of_key};
use crate::text::shown;

pub(in super::super) struct AmazonSettings {
    pub(in super::super) region: Option<NamedValue>,
    /// The endpoint of a server that is set.
    pub(super) endpoint: Option<NamedValue>,
    pub(super) sts_endpoint: Option<NamedValue>,
    kind: EndpointKind,
    pub(in super::super) credentials: AmazonCredentials,
}

const DEFAULT_REGION: &str = "us-east-1";

impl AmazonSettings {
    /// Reads the files of profiles. Variables count before the profile.
    ///
    /// # Errors
    /// If settings contradict each other, or are not supported.
    pub(in super::super) fn load(context: &Context) -> Result<AmazonSettings, SettingsError> {
        let (env, profile) = (&context.env, AwsProfile::load(context)?);
        let region = of_key(env, PREFIX, &Key::Region)
            .or_else(|| of_key(env, PREFIX, &Key::DefaultRegion))
            .or_else(|| profile.get("region"));
        let (mut endpoint, mut sts_endpoint) = (None, None);
        if !switch(env, &profile, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")?.0 {
            let common = of_key(env, PREFIX, &Key::Endpoint);
            endpoint = of_key(env, PREFIX, &Key::S3Endpoint).or_else(|| common.clone());
            sts_endpoint = of_key(env, PREFIX, &Key::StsEndpoint).or(common);
            if endpoint.is_none() {
                endpoint = profile.endpoint("s3")?;
            }
            if sts_endpoint.is_none() {
                sts_endpoint = profile.endpoint("sts")?;
            }
        }
        if let Some(region) = &region {
            check_region(region, endpoint.is_none())?;
        }
        let (is_fips, fips) = switch(env, &profile, "AWS_USE_FIPS_ENDPOINT")?;
        let (is_dual_stack, dual_stack) = switch(env, &profile, "AWS_USE_DUALSTACK_ENDPOINT")?;
        let asks = [(is_fips, fips), (is_dual_stack, dual_stack)];
        if let (Some(endpoint), Some((_, switch))) =
            (&endpoint, asks.into_iter().find(|(is_set, _)| *is_set))
        {
            let cause = format!("{switch} and {} contradict each other", endpoint.origin);
            return Err(SettingsError::new(cause, "unset one of them"));
        }
        let kind = EndpointKind { is_fips, is_dual_stack };
        let credentials = AmazonCredentials::find(context, &profile)?;
        Ok(AmazonSettings { region, endpoint, sts_endpoint, kind, credentials })
    }

    /// Returns the region that requests are signed for.
    pub(super) fn signed_region(&self) -> SignedRegion {
        let set = self.region.clone().map(SignedRegion::Set);
        set.unwrap_or(SignedRegion::Assumed(DEFAULT_REGION))
    }

    fn region_or_default(&self) -> &str {
        self.region.as_ref().map_or(DEFAULT_REGION, |region| &region.value)
    }

    /// Returns the endpoint of the bucket if it is another one than the library's.
    pub(super) fn own_endpoint(&self, bucket: &str, is_virtual_hosted: bool) -> Option<String> {
        if let Some(endpoint) = &self.endpoint {
            return Some(endpoint.value.clone());
        }
        let host = endpoint::s3(self.region_or_default(), self.kind);
        let is_own = host != format!("s3.{}.amazonaws.com", self.region_or_default());
        let bucket = if is_virtual_hosted { format!("{bucket}.") } else { String::new() };
        is_own.then(|| format!("https://{bucket}{host}"))
    }

    pub(super) fn sts_endpoint(&self) -> String {
        match &self.sts_endpoint {
            Some(endpoint) => endpoint.value.clone(),
            None => format!("https://{}", endpoint::sts(self.region_or_default(), self.kind)),
        }
    }

    /// Describes where requests go.
    pub(in super::super) fn described_endpoint(
        &self,
        bucket: &str,
        env: &Environment,
    ) -> BucketEndpoint {
        let region_origin = self.signed_region();
        let is_virtual_hosted = of_key(env, PREFIX, &Key::VirtualHostedStyleRequest)
            .is_some_and(|set| is_true(&set.value));
        let url = self.own_endpoint(bucket, is_virtual_hosted).unwrap_or_else(|| {
            let bucket = if is_virtual_hosted { format!("{bucket}.") } else { String::new() };
            format!("https://{bucket}s3.{}.amazonaws.com", self.region_or_default())
        });
        let origin = match &self.endpoint {
            Some(endpoint) => format!(" from {}, with {region_origin}", endpoint.origin),
            None => format!(", by {region_origin}"),
        };
        BucketEndpoint { url, origin }
    }
}

/// # Errors
/// If it cannot be a part of a host, or is none of Amazon's where their own endpoint is used.
fn check_region(region: &NamedValue, is_at_amazon: bool) -> Result<(), SettingsError> {
    let NamedValue { origin, value } = region;
    if let Some(flaw) = flaw_of_region(value) {
        return Err(SettingsError::new(format!("{origin} {flaw}"), "correct it"));
    }
    match flaw_of_amazons_region(value).filter(|_| is_at_amazon) {
        Some(flaw) => Err(SettingsError::new(
            format!("{origin}: {} {flaw}", shown::quoted(value)),
            format!(
                "correct {origin}; another server than Amazon's is named by AWS_ENDPOINT_URL_S3"
            ),
        )),
        None => Ok(()),
    }
}

/// Returns whether a switch is on, and its origin. The profile has it under the variable's name
/// without the prefix.
fn switch(
    env: &Environment,
    profile: &AwsProfile,
    variable: &'static str,
) -> Result<(bool, String), SettingsError> {
    let in_profile = variable.trim_start_matches(PREFIX).to_ascii_lowercase();
    let Some(NamedValue { origin, value }) =
        first(env, [variable]).or_else(|| profile.get(&in_profile))
    else {
        return Ok((false, String::new()));
    };
    match flaw_of_switch(&value) {
        Some(flaw) => Err(SettingsError::new(format!("{origin} {flaw}"), "correct it")),
        None => Ok((is_true(&value), origin)),
    }
}
