//! The issuer: a region's hosts, hosts that are set one by one, or any other issuer.

use url::Url;

use super::missing::{RequiredSetting, missing_setting};
use super::origin::Sourced;
use super::{Layers, Setting, table};
use crate::error::{Error, Result};
use crate::host::is_loopback;
use crate::region::Region;
use crate::text::flaws;

/// The authorization server, and the parameters of token requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    pub token_url: String,
    pub login_url: Option<String>,
    pub api_url: Option<String>,
    pub region: Option<&'static Region>,
    /// RFC 6749 section 3.3.
    pub scope: Option<String>,
    /// No standard, but several issuers require it.
    pub audience: Option<String>,
}

impl Issuer {
    /// The token URL overrides the login URL, which overrides the region.
    pub(super) fn resolve(layers: &Layers) -> Result<Issuer> {
        let region = match layers.find(&table::REGION) {
            Some(given) => Some(find_region(&given)?),
            None => None,
        };
        let login_url = match layers.find(&table::LOGIN_URL) {
            Some(given) => Some(without_path(base_url(&given)?, TOKEN_ENDPOINT_PATH)),
            None => None,
        };
        // A login host of Genesys Cloud determines the region, too.
        let region = region.or_else(|| Region::of_host(login_url.as_deref()?));
        let api_url = match layers.find(&table::API_URL) {
            Some(given) => Some(without_path(base_url(&given)?, "/api/v2")),
            None => region.map(Region::api_url),
        };
        let (token_url, login_url) = match (layers.find(&table::TOKEN_URL), login_url) {
            (Some(given), login_url) => (checked_url(&given)?.to_string(), login_url),
            (None, Some(login_url)) => (token_endpoint(&login_url), Some(login_url)),
            (None, None) => {
                let missing = || missing_setting(RequiredSetting::Region, layers);
                let login_url = region.ok_or_else(missing)?.login_url();
                (token_endpoint(&login_url), Some(login_url))
            }
        };
        Ok(Issuer {
            token_url,
            login_url,
            api_url,
            region,
            scope: layers.text(&table::SCOPE),
            audience: layers.text(&table::AUDIENCE),
        })
    }
}

const TOKEN_ENDPOINT_PATH: &str = "/oauth/token";

fn token_endpoint(login_url: &str) -> String {
    format!("{login_url}{TOKEN_ENDPOINT_PATH}")
}

/// Takes a URL that somebody has copied with the path that is added to it.
fn without_path(url: String, path: &str) -> String {
    url.strip_suffix(path).map_or_else(|| url.clone(), str::to_owned)
}

pub(crate) fn find_region(given: &Sourced) -> Result<&'static Region> {
    Region::find(&given.value).map_err(|unknown| {
        let mut error = given.refused("is not a region of Genesys Cloud");
        error.hint = unknown.hint;
        error
    })
}

pub(super) fn check_url(setting: &Setting, given: &Sourced) -> Result<()> {
    if *setting == table::TOKEN_URL {
        checked_url(given).map(|_| ())
    } else {
        base_url(given).map(|_| ())
    }
}

/// Parses a URL without query and fragment; strips slashes at its end.
fn base_url(given: &Sourced) -> Result<String> {
    let url = checked_url(given)?;
    if url.query().is_some() {
        return Err(given.refused("is not a base URL: it has a query"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Parses a URL that a secret may be sent to: https, or http on loopback.
fn checked_url(given: &Sourced) -> Result<Url> {
    if flaws::has_reference(&given.value) {
        return Err(given.refused(flaws::HAS_REFERENCE));
    }
    let url = Url::parse(&given.value).map_err(|error| {
        let refused = given.refused("is not a URL").with_hint("write https://host");
        // A mistake that is visible in the value says more than the parser.
        if refused.cause.is_some() { refused } else { refused.with_source(error) }
    })?;
    if !url.username().is_empty() || url.password().is_some() {
        // Not shown: it may hold a password.
        let message = format!("{}: a URL with a user or a password in it", given.origin);
        return Err(Error::new(given.refused("").kind, message)
            .with_hint("credentials come from the environment, a file or a profile"));
    }
    if url.fragment().is_some() {
        return Err(given.refused("has a fragment, which RFC 6749 section 3.2 forbids"));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err(given
            .refused("would send the client secret unencrypted")
            .with_hint("use https; http is for loopback addresses only")),
        _ => Err(given.refused("is neither https nor http")),
    }
}
