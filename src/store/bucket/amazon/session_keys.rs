//! Keys of a session, as Amazon's services and programs write them in JSON.

use object_store::aws::AwsCredential;
use serde::Deserialize;

use crate::store::bucket::kept::Expiring;
use crate::store::bucket::variables::values::flaw_of_header;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SessionKeys {
    /// Written by programs, and not by services.
    version: Option<u32>,
    access_key_id: String,
    secret_access_key: String,
    #[serde(alias = "Token")]
    session_token: Option<String>,
    expiration: Option<String>,
}

/// Reads what a service of a container answers.
pub(super) fn of_service(json: &[u8]) -> Option<Expiring<AwsCredential>> {
    credential(serde_json::from_slice(json).ok()?)
}

/// Reads what a program of `credential_process` prints.
pub(super) fn of_program(json: &[u8]) -> Option<Expiring<AwsCredential>> {
    let keys: SessionKeys = serde_json::from_slice(json).ok()?;
    if keys.version == Some(1) { credential(keys) } else { None }
}

/// Returns `None` if they do not fit into headers.
fn credential(keys: SessionKeys) -> Option<Expiring<AwsCredential>> {
    let token = keys.session_token.iter();
    if token.chain([&keys.access_key_id]).any(|text| flaw_of_header(text).is_some()) {
        return None;
    }
    let expires = keys.expiration.and_then(|expiration| expiration.parse().ok());
    let (key_id, secret_key) = (keys.access_key_id, keys.secret_access_key);
    Some((AwsCredential { key_id, secret_key, token: keys.session_token }, expires))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_with_their_token_and_their_end() {
        let json = br#"{"Version": 1, "AccessKeyId": "ASIA", "SecretAccessKey": "s",
                        "SessionToken": "t", "Expiration": "2030-01-01T00:00:00+01:00"}"#;
        let (keys, expires) = of_program(json).unwrap();
        assert_eq!(
            (&*keys.key_id, &*keys.secret_key, keys.token.as_deref()),
            ("ASIA", "s", Some("t"))
        );
        assert_eq!(expires, Some("2029-12-31T23:00:00Z".parse().unwrap()));
        let json = br#"{"AccessKeyId": "ASIA", "SecretAccessKey": "s", "Token": "t"}"#;
        assert!(of_program(json).is_none());
        let (keys, expires) = of_service(json).unwrap();
        assert_eq!((keys.token.as_deref(), expires), (Some("t"), None));
        assert!(of_service(br#"{"AccessKeyId": "A\nB", "SecretAccessKey": "s"}"#).is_none());
    }
}
