//! The location of a store, as `--store` names it.

use std::fmt;
use std::time::Duration;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use url::Url;

use super::origin::Sourced;
use crate::error::{Error, Result};
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
        let Ok(url) = Url::parse(&given.value) else {
            return Err(given.refused("is not the location of a store").with_hint(EXAMPLES));
        };
        if url.password().is_some() {
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
            given
                .refused("has a path that is not the number of a database")
                .with_hint("such as redis://host:6379/0; a prefix of the keys is ?prefix=NAME")
        })?,
    };
    let mut prefix = REDIS_PREFIX.to_owned();
    for (name, value) in url.query_pairs() {
        if name != "prefix" || value.is_empty() || value.chars().any(char::is_control) {
            return Err(given
                .refused("has parameters other than a prefix")
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
        let is_name = |user: &str| {
            let is_plain = |char: char| char.is_ascii_alphanumeric() || "-_.".contains(char);
            user.chars().all(is_plain) && !looks_like_secret(user)
        };
        self.user.as_deref().map(|user| if is_name(user) { user } else { HIDDEN_USER })
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
mod tests {
    use super::*;
    use crate::config::Origin;

    fn parse(text: &str) -> Result<StoreLocation> {
        let origin = Origin::Flag("store");
        StoreLocation::parse(&Sourced { value: text.to_owned(), origin })
    }

    fn redis(tls: bool, host: &str, user: Option<&str>, database: u32) -> StoreLocation {
        StoreLocation::Redis(RedisLocation {
            tls,
            host: host.to_owned(),
            port: 6379,
            user: user.map(str::to_owned),
            database,
            prefix: "gc-token:".to_owned(),
        })
    }

    #[test]
    fn each_kind_of_store_has_a_scheme() {
        let bucket = |provider, bucket: &str, prefix: &str| StoreLocation::Bucket {
            provider,
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        };
        for (text, expected) in [
            ("s3://tokens/ci/x/", bucket(BucketProvider::S3, "tokens", "ci/x")),
            ("s3://tokens", bucket(BucketProvider::S3, "tokens", "")),
            ("gs://tokens/a", bucket(BucketProvider::GoogleCloud, "tokens", "a")),
            ("az://tokens/a%20b", bucket(BucketProvider::Azure, "tokens", "a b")),
            ("redis://cache", redis(false, "cache", None, 0)),
            ("rediss://ci@cache:6379/7", redis(true, "cache", Some("ci"), 7)),
            ("valkey://[::1]/", redis(false, "::1", None, 0)),
        ] {
            assert_eq!(parse(text).unwrap(), expected, "{text}");
        }
        let StoreLocation::Redis(team) = parse("redis://h:1/0?prefix=team:").unwrap() else {
            panic!("not Redis");
        };
        assert_eq!((team.port, team.prefix.as_str()), (1, "team:"));
    }

    #[test]
    fn a_location_is_shown_as_it_can_be_given_again() {
        for text in [
            "s3://b/p",
            "s3://b/a%20b%3Fc",
            "az://c",
            "redis://ci-runner@h:6379/0",
            "rediss://h:6380/3",
            "redis://[::1]:6379/0",
            "redis://h:6379/0?prefix=team:",
            "redis://h:6379/0?prefix=a%20%26%2Bb",
        ] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_user_that_may_be_a_password_is_not_shown() {
        for user in ["S3cretS3cretS3cret01", "p%40ss", "user%3Apass", "a%20b"] {
            let location = parse(&format!("redis://{user}@h")).unwrap();
            assert_eq!(location.to_string(), "redis://...@h:6379/0");
        }
    }

    #[test]
    fn no_form_of_a_password_is_quoted() {
        for text in [
            "redis://:s3cret@h",
            "redis://u:s3cret@h",
            "redis://u:s3cret@h/0?prefix=x",
            "redis://u:s3cret/x@h",
            "redis://u:s3cret?x@h",
            "redis://u:s3cret#x@h",
            "redis://u:12/s3cret@h",
            "redis://u:12?s3cret@h",
            "redis://u:12#s3cret@h",
            "redis://h/0?password=s3cret",
            "redis://h/0#s3cret",
            "s3://key:s3cret@bucket",
            "az://container?sig=s3cret",
            ":s3cret@h:6379",
            "s3cret@h",
        ] {
            let error = parse(text).expect_err(text);
            assert!(!format!("{error:?}").contains("s3cret"), "{text}: {error:?}");
        }
    }

    #[test]
    fn others_are_refused_and_no_password_is_quoted() {
        for (text, message) in [
            ("tokens", "--store: \"tokens\" is not the location of a store"),
            ("s3:///x", "--store: \"s3:///x\" names no bucket"),
            (
                "https://h/b",
                "--store: \"https://h/b\" begins with https:, which is no kind of store",
            ),
            (
                "redis://h/x",
                "--store: \"redis://h/x\" has a path that is not the number of a database",
            ),
            ("redis://h?db=1", "--store: \"redis://h?...\" has parameters other than a prefix"),
            ("s3://b/../x", "--store: \"s3://b/../x\" has a part of dots alone"),
            ("s3://h:1/b", "--store: \"s3://h:1/b\" has more than a bucket and a prefix"),
            (
                "redis://u:s3cret@h",
                "--store: the location holds a password, which does not belong there",
            ),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.message, message);
            assert!(!error.to_string().contains("s3cret"));
        }
    }
}
