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

pub(super) const ENDPOINTS: [&str; 16] = [
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_STS",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT",
    "AWS_METADATA_ENDPOINT",
    METADATA_ENDPOINT,
    "ARM_MSI_ENDPOINT",
    "AZURE_AUTHORITY_HOST",
    "AZURE_ENDPOINT",
    "AZURE_FABRIC_TOKEN_SERVICE_URL",
    "AZURE_IDENTITY_ENDPOINT",
    "AZURE_MSI_ENDPOINT",
    "AZURE_STORAGE_AUTHORITY_HOST",
    "AZURE_STORAGE_ENDPOINT",
    "GOOGLE_BASE_URL",
    IDENTITY_ENDPOINT,
];

const IDENTITY_ENDPOINT: &str = "IDENTITY_ENDPOINT";

/// The library reads them itself, with white space at their ends.
const IDENTITY_HEADER: &str = "IDENTITY_HEADER";
const METADATA_HOSTS: [&str; 3] = ["GCE_METADATA_HOST", "GCE_METADATA_ROOT", "GCE_METADATA_IP"];

/// Variables that hold JSON, with its line ends.
const DOCUMENTS: [&str; 3] =
    ["GOOGLE_BACKEND_CREDENTIALS", "GOOGLE_CREDENTIALS", "GOOGLE_SERVICE_ACCOUNT_KEY"];

/// Returns what the names of a provider's variables begin with.
pub(super) fn prefixes(provider: BucketProvider) -> &'static [&'static str] {
    match provider {
        BucketProvider::S3 => &["AWS_"],
        BucketProvider::GoogleCloud => &["GOOGLE_", "GCE_METADATA_"],
        BucketProvider::Azure => &[
            "AZURE_",
            "ARM_",
            "ACTIONS_ID_TOKEN_REQUEST_",
            "SYSTEM_ACCESSTOKEN",
            IDENTITY_ENDPOINT,
            IDENTITY_HEADER,
        ],
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
            Some(value) if has_control(&name, value) => {
                Some("has a line end or another control character in it")
            }
            Some(value) if ENDPOINTS.contains(&&*name) => flaw_of_endpoint(value),
            Some(value) if METADATA_HOSTS.contains(&&*name) => {
                let flaw = flaw_of_endpoint(&format!("http://{value}"));
                flaw.map(|_| "is not the name of a host")
            }
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

fn has_control(name: &str, value: &str) -> bool {
    let value = if name == IDENTITY_HEADER { value } else { value.trim_end() };
    value.chars().any(char::is_control)
}

pub(super) fn flaw_of_endpoint(value: &str) -> Option<&'static str> {
    const EXAMPLE: &str = "is not the URL of a server, such as https://host:9000";
    if flaws::has_reference(value) {
        return Some(flaws::HAS_REFERENCE);
    }
    let Ok(url) = Url::parse(value) else { return Some(EXAMPLE) };
    let is_http = matches!(url.scheme(), "http" | "https") && value.contains("://");
    let has_user = !url.username().is_empty() || url.password().is_some();
    let is_bare = url.query().is_none() && url.fragment().is_none() && !has_user;
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
            "http://user@h",
            "http://:s3cret@h",
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
    fn what_becomes_a_part_of_a_url_or_a_header_fits_into_it() {
        use BucketProvider::{Azure, GoogleCloud, S3};
        let example = "is not the URL of a server, such as https://host:9000";
        let header = "has a line end or another control character in it";
        for (provider, name, good, bad, why) in [
            (S3, "AWS_ENDPOINT_URL_STS", "http://h", "http://h/ x", example),
            (S3, "AWS_METADATA_ENDPOINT", "http://169.254.169.254", "::h x", example),
            (S3, METADATA_ENDPOINT, "http://[fd00:ec2::254]", "http://:pw@h", example),
            (
                S3,
                "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                "/v2/credentials/a-b?c=d",
                " x y",
                "is not a path, such as /v2/credentials/ID",
            ),
            (S3, "AWS_ALLOW_HTTP", "true", "maybe", "is neither true nor false"),
            (Azure, "AZURE_AUTHORITY_HOST", "https://login.microsoftonline.us/", "::h x", example),
            (Azure, "IDENTITY_ENDPOINT", "http://localhost:1/msi/token", "::h", example),
            (Azure, "IDENTITY_HEADER", "5b2f-e", "x\n", header),
            (Azure, "ARM_TENANT_ID", "contoso.com", "ten ant", "is not a tenant"),
            (Azure, "AZURE_TENANT_ID", "11111111-2222", "a/../b", "is not a tenant"),
            (
                GoogleCloud,
                "GCE_METADATA_HOST",
                "127.0.0.1:80",
                "::h x",
                "is not the name of a host",
            ),
        ] {
            let flaw = |value| {
                let env = Environment::from([(name, value)]);
                check(&env, provider).err().map(|error| error.cause)
            };
            assert_eq!(flaw(good), None, "{name}");
            assert_eq!(flaw(bad), Some(format!("{name} {why}")));
        }
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
