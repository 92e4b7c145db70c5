//! The variables whose values the library parses.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Uri;

use super::super::purpose::is_true;

const SWITCHES: [&str; 22] = [
    "ARM_USE_CLI",
    "ARM_USE_MSI",
    "AWS_ALLOW_HTTP",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_DISABLE_TAGGING",
    "AWS_IMDSV1_FALLBACK",
    "AWS_S3_EXPRESS",
    "AWS_SKIP_SIGNATURE",
    "AWS_SSE_BUCKET_KEY_ENABLED",
    "AWS_UNSIGNED_PAYLOAD",
    "AWS_VIRTUAL_HOSTED_STYLE_REQUEST",
    "AZURE_ALLOW_HTTP",
    "AZURE_DISABLE_TAGGING",
    "AZURE_SKIP_SIGNATURE",
    "AZURE_STORAGE_USE_EMULATOR",
    "AZURE_USE_AZURE_CLI",
    "AZURE_USE_FABRIC_ENDPOINT",
    "GOOGLE_ALLOW_HTTP",
    "GOOGLE_SKIP_SIGNATURE",
];

const FALSE: [&str; 5] = ["0", "false", "off", "no", "n"];

const ENCRYPTIONS: [&str; 4] = ["AES256", "aws:kms", "aws:kms:dsse", "sse-c"];

/// Returns why the library would not take a value.
pub(super) fn flaw(name: &str, value: &str) -> Option<&'static str> {
    match name {
        _ if SWITCHES.contains(&name) => flaw_of_switch(value),
        "AWS_SERVER_SIDE_ENCRYPTION" if !ENCRYPTIONS.contains(&value) => {
            Some("is none of AES256, aws:kms, aws:kms:dsse and sse-c")
        }
        "AWS_SSE_CUSTOMER_KEY_BASE64" if STANDARD.decode(value).is_err() => Some("is not base64"),
        "AZURE_STORAGE_ACCOUNT_KEY"
        | "AZURE_STORAGE_ACCESS_KEY"
        | "AZURE_STORAGE_KEY"
        | "ARM_ACCESS_KEY"
            if STANDARD.decode(value).is_err() =>
        {
            Some("is not base64, as keys of an account are")
        }
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI" if !is_path(value) => {
            Some("is not a path, such as /v2/credentials/ID")
        }
        _ if name.starts_with("AZURE_FABRIC_") => flaw_of_header(value),
        _ if name.ends_with("_TENANT_ID") || name.ends_with("_AUTHORITY_ID") => {
            (!is_name(value, b"-._")).then_some("is not a tenant")
        }
        "IDENTITY_HEADER" => flaw_of_header(value),
        _ if name.ends_with("_TOKEN") || name.ends_with("_KEY_ID") => flaw_of_header(value),
        _ if name.ends_with("_REGION") => flaw_of_region(value),
        _ => None,
    }
}

/// Returns why a value does not fit into a header.
pub(in super::super) fn flaw_of_header(value: &str) -> Option<&'static str> {
    let is_visible = |byte: u8| (b' '..=b'~').contains(&byte);
    (!value.bytes().all(is_visible)).then_some("has a character that is not ASCII")
}

/// Returns why a value does not fit into the name of a host.
pub(in super::super) fn flaw_of_region(value: &str) -> Option<&'static str> {
    (!is_name(value, b"-")).then_some("is not the name of a region")
}

pub(in super::super) fn flaw_of_switch(value: &str) -> Option<&'static str> {
    let is_false = FALSE.iter().any(|word| value.eq_ignore_ascii_case(word));
    (!is_false && !is_true(value)).then_some("is neither true nor false")
}

fn is_path(value: &str) -> bool {
    value.starts_with('/') && format!("http://h{value}").parse::<Uri>().is_ok()
}

fn is_name(value: &str, more: &[u8]) -> bool {
    value.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
}

/// Returns why a region is none of Amazon's, which has words and ends in a number.
pub(in super::super) fn flaw_of_amazons_region(value: &str) -> Option<&'static str> {
    let mut parts = value.rsplit('-');
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|it| it.is_ascii_digit());
    let is_word = |part: &str| !part.is_empty() && part.bytes().all(|it| it.is_ascii_lowercase());
    let ends_in_number = parts.next().is_some_and(is_number);
    let words: Vec<_> = parts.collect();
    let is_region = ends_in_number && words.len() >= 2 && words.into_iter().all(is_word);
    (!is_region).then_some("is not a region of Amazon's, such as eu-west-1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_of_amazon_are_told_from_others() {
        for region in ["eu-west-1", "us-gov-west-1", "ap-southeast-12", "eusc-de-east-1"] {
            assert_eq!(flaw_of_amazons_region(region), None, "{region}");
        }
        for other in ["eu-west1", "eu", "auto", "eu-west-", "EU-west-1", "west-1", "eu--1", "-e-1"]
        {
            assert!(flaw_of_amazons_region(other).is_some(), "{other}");
        }
    }
}
