//! The variables of a platform. The library takes their values as they are, and stops the process
//! where one does not fit into a URL or a header: they are checked first.

pub(super) mod values;

use std::str::FromStr;

use url::Url;

use super::purpose::METADATA_ENDPOINT;
use super::settings_error::SettingsError;
use crate::config::BucketProvider;
use crate::context::Environment;
use crate::text;
use crate::text::{flaws, shown};

pub(super) const ENDPOINTS: [&str; 6] = [
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT",
    "AZURE_STORAGE_ENDPOINT",
    "AZURE_ENDPOINT",
    "GOOGLE_BASE_URL",
];

/// Variables that hold JSON, with its line ends.
const DOCUMENTS: [&str; 3] =
    ["GOOGLE_BACKEND_CREDENTIALS", "GOOGLE_CREDENTIALS", "GOOGLE_SERVICE_ACCOUNT_KEY"];

/// Returns what the names of a provider's variables begin with.
pub(super) fn prefixes(provider: BucketProvider) -> &'static [&'static str] {
    match provider {
        BucketProvider::S3 => &["AWS_"],
        BucketProvider::GoogleCloud => &["GOOGLE_"],
        BucketProvider::Azure => {
            &["AZURE_", "ARM_", "ACTIONS_ID_TOKEN_REQUEST_", "SYSTEM_ACCESSTOKEN"]
        }
    }
}

/// Returns the names of a provider's variables that are set.
pub(super) fn names(env: &Environment, provider: BucketProvider) -> impl Iterator<Item = String> {
    let names = prefixes(provider).iter().flat_map(|prefix| env.names(prefix));
    names.filter_map(|name| name.into_string().ok())
}

/// # Errors
/// Names the first variable that cannot be used.
pub(super) fn check(env: &Environment, provider: BucketProvider) -> Result<(), SettingsError> {
    for name in names(env, provider).filter(|name| !DOCUMENTS.contains(&&**name)) {
        let Some(value) = env.os(&name) else { continue };
        let flaw = match value.to_str() {
            None => Some("is not UTF-8"),
            Some(value) if value.trim_end().chars().any(char::is_control) => {
                Some("has a line end or another control character in it")
            }
            Some(value) if is_endpoint(&name) => flaw_of_endpoint(value),
            Some(value) => values::flaw(&name, text::trim(value)),
        };
        if let Some(why) = flaw {
            let hint = format!("correct {name}, or unset it");
            return Err(SettingsError::new(format!("{name} {why}"), hint));
        }
    }
    Ok(())
}

/// A setting that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NamedValue {
    /// The variable, or where else it is from.
    pub(super) origin: String,
    pub(super) value: String,
}

/// Returns the variables that the library knows, in a fixed order: of two names for one
/// setting, the last one counts.
pub(super) fn variables<K: FromStr>(
    env: &Environment,
    prefix: &str,
) -> impl Iterator<Item = (K, NamedValue)> {
    let mut names: Vec<_> =
        env.names(prefix).into_iter().filter_map(|name| name.into_string().ok()).collect();
    names.sort_unstable();
    names.into_iter().filter_map(|name| {
        let key = name.to_ascii_lowercase().parse().ok()?;
        Some((key, NamedValue { value: env.text(&name)?, origin: name }))
    })
}

/// Returns the variable that counts for a setting of the library.
pub(super) fn of_key<K: FromStr + PartialEq>(
    env: &Environment,
    prefix: &str,
    key: &K,
) -> Option<NamedValue> {
    variables::<K>(env, prefix).filter(|(known, _)| known == key).map(|(_, found)| found).last()
}

/// Returns the first of these variables that is set.
pub(super) fn first(
    env: &Environment,
    names: impl IntoIterator<Item = &'static str>,
) -> Option<NamedValue> {
    names
        .into_iter()
        .find_map(|name| Some(NamedValue { value: env.text(name)?, origin: name.to_owned() }))
}

/// # Errors
/// If a file with a token cannot be read.
pub(super) fn check_token_file(file: &NamedValue) -> Result<(), SettingsError> {
    let NamedValue { origin, value: path } = file;
    let Err(error) = std::fs::File::open(path) else {
        return Ok(());
    };
    let name = shown::missing_file(path);
    Err(SettingsError::new(
        format!("{origin}: {name} cannot be read: {error}"),
        format!("correct {origin}: it takes the name of the file with the token"),
    ))
}

fn is_endpoint(name: &str) -> bool {
    ENDPOINTS.contains(&name) || name == METADATA_ENDPOINT
}

pub(super) fn flaw_of_endpoint(value: &str) -> Option<&'static str> {
    const EXAMPLE: &str = "is not the URL of a server, such as https://host:9000";
    if flaws::has_reference(value) {
        return Some(flaws::HAS_REFERENCE);
    }
    let Ok(url) = Url::parse(value) else { return Some(EXAMPLE) };
    let is_http = matches!(url.scheme(), "http" | "https") && value.contains("://");
    let is_bare = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    let has_space = value.contains(char::is_whitespace);
    (!is_http || !url.has_host() || !is_bare || has_space).then_some(EXAMPLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flaw(name: &str, value: &str) -> Option<String> {
        check(&Environment::from([(name, value)]), BucketProvider::S3)
            .err()
            .map(|error| error.cause)
    }

    #[test]
    fn an_endpoint_is_a_url_of_a_server() {
        for good in ["http://127.0.0.1:9000", "https://s3.example/base", "http://[::1]:1/"] {
            assert_eq!(flaw("AWS_ENDPOINT_URL", good), None, "{good}");
        }
        for bad in [
            "127.0.0.1:9000",
            "localhost:9000",
            "http://",
            "http://h:99999",
            "ftp://h",
            "http://h?x=y",
            "http://h/ x",
            "http:h",
        ] {
            let expected = "AWS_ENDPOINT_URL is not the URL of a server, such as https://host:9000";
            assert_eq!(flaw("AWS_ENDPOINT_URL", bad).as_deref(), Some(expected), "{bad}");
        }
    }

    #[test]
    fn an_endpoint_has_no_reference() {
        let expected = "AWS_ENDPOINT_URL contains a reference that was not replaced with its value";
        assert_eq!(flaw("AWS_ENDPOINT_URL", "https://$HOST:9000").as_deref(), Some(expected));
    }

    #[test]
    fn a_value_that_is_parsed_has_one_of_its_forms() {
        for (name, good, bad, why) in [
            ("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "Yes", "virtual", "is neither true nor false"),
            ("AWS_SSE_BUCKET_KEY_ENABLED", "0", "2", "is neither true nor false"),
            (
                "AWS_SERVER_SIDE_ENCRYPTION",
                "aws:kms",
                "sse:kms",
                "is none of AES256, aws:kms, aws:kms:dsse and sse-c",
            ),
            ("AWS_SSE_CUSTOMER_KEY_BASE64", "a2V5", "key", "is not base64"),
        ] {
            assert_eq!(flaw(name, good), None, "{name}");
            assert_eq!(flaw(name, bad), Some(format!("{name} {why}")));
        }
    }

    #[test]
    fn a_value_for_a_header_has_no_line_end_and_is_not_shown() {
        let expected = "AWS_SESSION_TOKEN has a line end or another control character in it";
        assert_eq!(flaw("AWS_SESSION_TOKEN", "s3cret\nx").as_deref(), Some(expected));
        assert_eq!(flaw("AWS_SESSION_TOKEN", "s3cret\n"), None);
        assert_eq!(flaw("AWS_REGION", "eu-west-1"), None);
    }
}
