//! The variables whose values the library parses.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::purpose::is_true;

const SWITCHES: [&str; 13] = [
    "AWS_DISABLE_TAGGING",
    "AWS_IMDSV1_FALLBACK",
    "AWS_S3_EXPRESS",
    "AWS_SKIP_SIGNATURE",
    "AWS_SSE_BUCKET_KEY_ENABLED",
    "AWS_UNSIGNED_PAYLOAD",
    "AWS_VIRTUAL_HOSTED_STYLE_REQUEST",
    "AZURE_DISABLE_TAGGING",
    "AZURE_SKIP_SIGNATURE",
    "AZURE_STORAGE_USE_EMULATOR",
    "AZURE_USE_AZURE_CLI",
    "AZURE_USE_FABRIC_ENDPOINT",
    "GOOGLE_SKIP_SIGNATURE",
];

const FALSE: [&str; 5] = ["0", "false", "off", "no", "n"];

const ENCRYPTIONS: [&str; 4] = ["AES256", "aws:kms", "aws:kms:dsse", "sse-c"];

/// Returns why the library would not take a value.
pub(super) fn flaw(name: &str, value: &str) -> Option<&'static str> {
    let is_false = || FALSE.iter().any(|word| value.eq_ignore_ascii_case(word));
    match name {
        _ if SWITCHES.contains(&name) && !is_true(value) && !is_false() => {
            Some("is neither true nor false")
        }
        "AWS_SERVER_SIDE_ENCRYPTION" if !ENCRYPTIONS.contains(&value) => {
            Some("is none of AES256, aws:kms, aws:kms:dsse and sse-c")
        }
        "AWS_SSE_CUSTOMER_KEY_BASE64" if STANDARD.decode(value).is_err() => Some("is not base64"),
        "AZURE_STORAGE_ACCOUNT_KEY" | "AZURE_STORAGE_ACCESS_KEY"
            if STANDARD.decode(value).is_err() =>
        {
            Some("is not base64, as keys of an account are")
        }
        _ => None,
    }
}
