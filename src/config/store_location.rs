//! The location of a store, as `--store` names it.

use std::fmt;
use std::time::Duration;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use url::Url;

use super::origin::Sourced;
use crate::error::{Error, Result};
use crate::text::flaws;
use crate::text::shown::looks_like_secret;

/// `Display` writes it as it can be given again. A user that may be a password is not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreLocation {
    /// A container of objects with conditional writes.
    Bucket {
        provider: BucketProvider,
        bucket: String,
        prefix: String,
    },
    Redis(RedisLocation),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BucketProvider {
    S3,
    GoogleCloud,
    Azure,
}

/// A server of Redis or Valkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisLocation {
    pub tls: bool,
    /// Without the brackets of an IPv6 address.
    pub host: String,
    pub port: u16,
    /// `None` is the default user.
    pub user: Option<String>,
    pub database: u32,
    /// Precedes the name of each key.
    pub prefix: String,
}

const REDIS_PORT: u16 = 6379;
/// Stands for a user that may be a password.
const HIDDEN_USER: &str = "...";
const REDIS_PREFIX: &str = "gc-token:";
/// Characters that mean something in the path of a URL.
const IN_PATH: &AsciiSet = &CONTROLS.add(b' ').add(b'#').add(b'%').add(b'?');
/// Characters that mean something in the query of a URL.
const IN_QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'#').add(b'%').add(b'&').add(b'+');

const EXAMPLES: &str = "such as s3://bucket/prefix, gs://bucket/prefix, az://container/prefix, \
    redis://host:6379/0 or rediss://user@host:6379/0";

impl StoreLocation {
    /// # Errors
    /// Names the setting, and no part of a password.
    pub fn parse(given: &Sourced) -> Result<StoreLocation> {
        if let Some(arn) = given.value.strip_prefix("arn:") {
            return Err(given.origin.refused("an ARN is no location").with_hint(of_arn(arn)));
        }
        let parsed = Url::parse(&given.value);
        let has_password = parsed.as_ref().is_ok_and(|url| url.password().is_some());
        if !has_password && has_reference(&given.value) {
            // A user is not quoted: it may be a password.
            return Err(refused(given, flaws::HAS_REFERENCE)
                .with_hint("in a shell, double quotes let it replace variables"));
        }
        let Ok(url) = parsed else {
            return Err(given.refused("is not the location of a store").with_hint(EXAMPLES));
        };
        if has_password {
            return Err(refused(given, "holds a password, which does not belong there")
                .with_hint("remove it, and set GC_TOKEN_STORE_PASSWORD or --store-password-file"));
        }
        // A URL parser resolves dot segments, and would leave the prefix.
        if given.value.split(['/', '?']).any(|part| matches!(part, "." | ".."))
            || given.value.to_ascii_lowercase().contains("%2e")
        {
            return Err(given.refused("has a part of dots alone").with_hint(EXAMPLES));
        }
        if url.fragment().is_some() {
            return Err(
                refused(given, "has a fragment (#), which a location has not").with_hint(EXAMPLES)
            );
        }
        match url.scheme() {
            "s3" => bucket(given, &url, BucketProvider::S3),
            "gs" => bucket(given, &url, BucketProvider::GoogleCloud),
            "az" => bucket(given, &url, BucketProvider::Azure),
            "redis" | "valkey" => redis(given, &url, false),
            "rediss" | "valkeys" => redis(given, &url, true),
            scheme => {
                let why = format!("begins with {scheme}:, which is no kind of store");
                Err(given.refused(&why).with_hint(EXAMPLES))
            }
        }
    }

    /// About how long to wait before a look at a record that another machine will change.
    pub fn poll_interval(&self) -> Duration {
        match self {
            // Providers charge for requests.
            StoreLocation::Bucket { .. } => Duration::from_millis(600),
            StoreLocation::Redis(_) => Duration::from_millis(150),
        }
    }
}

#[cfg(test)]
impl StoreLocation {
    pub(crate) fn test(text: &str) -> StoreLocation {
        let origin = super::Origin::Flag("store");
        StoreLocation::parse(&Sourced { value: text.to_owned(), origin }).unwrap()
    }
}

/// The value may hold a password: it is not quoted.
fn refused(given: &Sourced, why: &str) -> Error {
    given.origin.refused(&format!("the location {why}"))
}

/// Containers of Azure have such names.
const CONTAINERS: [&str; 3] = ["az://$web", "az://$root", "az://$logs"];

fn has_reference(location: &str) -> bool {
    let own = CONTAINERS.iter().find_map(|container| location.strip_prefix(container));
    let rest = own.filter(|rest| rest.is_empty() || rest.starts_with('/'));
    flaws::has_reference(rest.unwrap_or(location))
}

/// Returns the location of the bucket that an ARN names.
fn of_arn(arn: &str) -> String {
    let bucket = arn.split_once(":s3:::").map(|(_, bucket)| bucket.trim_end_matches("/*"));
    match bucket.filter(|bucket| !bucket.is_empty() && !looks_like_secret(bucket)) {
        Some(bucket) => format!("write s3://{bucket}"),
        None => EXAMPLES.to_owned(),
    }
}

/// Returns an error that quotes the location with all that is no secret.
fn refused_part(given: &Sourced, url: &Url, is: &str) -> Error {
    let path = url.path();
    let may_be_secret = path.contains('@') || looks_like_secret(path) || url.host_str().is_none();
    if url.username().is_empty() || may_be_secret {
        return given.refused(is);
    }
    let user = decoded(given, url.username()).unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let query = if url.query().is_some() { "?..." } else { "" };
    let (scheme, host) = (url.scheme(), url.host_str().unwrap_or_default());
    let shown = format!("{scheme}://{}@{host}{port}{path}{query}", shown_user(&user));
    given.origin.refused(&format!("{shown:?} {is}"))
}

fn shown_user(user: &str) -> &str {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "-_.".contains(char);
    if user.chars().all(is_plain) && !looks_like_secret(user) { user } else { HIDDEN_USER }
}

fn bucket(given: &Sourced, url: &Url, provider: BucketProvider) -> Result<StoreLocation> {
    let bucket = url.host_str().unwrap_or_default();
    if bucket.is_empty() {
        let noun = provider.noun();
        return Err(given.refused(&format!("names no {noun}")).with_hint(EXAMPLES));
    }
    if url.port().is_some() || !url.username().is_empty() || url.query().is_some() {
        let why = format!("has more than a {} and a prefix", provider.noun());
        return Err(given.refused(&why).with_hint(provider.endpoint_hint()));
    }
    let prefix = decoded(given, url.path().trim_matches('/'))?;
    if prefix.contains("//") || prefix.chars().any(char::is_control) {
        return Err(given.refused("has a prefix with an empty part or a control character"));
    }
    Ok(StoreLocation::Bucket { provider, bucket: bucket.to_owned(), prefix })
}

fn redis(given: &Sourced, url: &Url, tls: bool) -> Result<StoreLocation> {
    let host = url.host_str().unwrap_or_default();
    if host.is_empty() {
        return Err(given.refused("names no host").with_hint(EXAMPLES));
    }
    let database = match url.path().trim_matches('/') {
        "" => 0,
        number => number.parse().map_err(|_| {
            refused_part(given, url, "has a path that is not the number of a database")
                .with_hint("such as redis://host:6379/0; a prefix of the keys is ?prefix=NAME")
        })?,
    };
    let mut prefix = REDIS_PREFIX.to_owned();
    for (index, (name, value)) in url.query_pairs().enumerate() {
        let is_text = |char: char| !char.is_control() && char != char::REPLACEMENT_CHARACTER;
        if name != "prefix" || index > 0 || value.is_empty() || !value.chars().all(is_text) {
            return Err(refused_part(given, url, "has parameters other than a prefix")
                .with_hint("such as redis://host:6379/0?prefix=team:"));
        }
        prefix = value.into_owned();
    }
    let user = Some(url.username()).filter(|user| !user.is_empty());
    Ok(StoreLocation::Redis(RedisLocation {
        tls,
        host: host.trim_matches(['[', ']']).to_owned(),
        port: url.port().unwrap_or(REDIS_PORT),
        user: user.map(|user| decoded(given, user)).transpose()?,
        database,
        prefix,
    }))
}

fn decoded(given: &Sourced, text: &str) -> Result<String> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(|text| text.into_owned()).map_err(|_| given.refused("is not UTF-8"))
}

impl BucketProvider {
    pub fn scheme(self) -> &'static str {
        match self {
            BucketProvider::S3 => "s3",
            BucketProvider::GoogleCloud => "gs",
            BucketProvider::Azure => "az",
        }
    }

    /// The provider's own word for a bucket.
    pub fn noun(self) -> &'static str {
        match self {
            BucketProvider::S3 | BucketProvider::GoogleCloud => "bucket",
            BucketProvider::Azure => "container",
        }
    }

    fn endpoint_hint(self) -> &'static str {
        match self {
            BucketProvider::S3 => "another endpoint than Amazon's is set by AWS_ENDPOINT_URL",
            BucketProvider::GoogleCloud => "such as gs://bucket/prefix",
            BucketProvider::Azure => {
                "the account is set by AZURE_STORAGE_ACCOUNT_NAME, another endpoint by \
                 AZURE_STORAGE_ENDPOINT"
            }
        }
    }
}

impl RedisLocation {
    pub fn scheme(&self) -> &'static str {
        if self.tls { "rediss" } else { "redis" }
    }

    /// The user, if there is one.
    pub fn shown_user(&self) -> Option<&str> {
        self.user.as_deref().map(shown_user)
    }

    /// The host as a URL has it: an IPv6 address in brackets.
    pub fn url_host(&self) -> String {
        if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() }
    }
}

impl fmt::Display for StoreLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreLocation::Bucket { provider, bucket, prefix } => {
                write!(f, "{}://{bucket}", provider.scheme())?;
                if prefix.is_empty() {
                    return Ok(());
                }
                write!(f, "/{}", utf8_percent_encode(prefix, IN_PATH))
            }
            StoreLocation::Redis(redis) => redis.fmt(f),
        }
    }
}

impl fmt::Display for RedisLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme())?;
        if let Some(user) = self.shown_user() {
            write!(f, "{user}@")?;
        }
        write!(f, "{}:{}/{}", self.url_host(), self.port, self.database)?;
        if self.prefix == REDIS_PREFIX {
            return Ok(());
        }
        write!(f, "?prefix={}", utf8_percent_encode(&self.prefix, IN_QUERY))
    }
}

#[cfg(test)]
mod tests;
