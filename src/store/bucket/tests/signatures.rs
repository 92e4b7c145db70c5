//! Signatures are those of the library, but for the time.

use std::path::Path;
use std::process::Command;

use super::fake::{FakeHost, FakeRequest};
use super::fake_objects::FakeObjects;
use super::*;
use crate::store::bucket::amazon::sigv4;
use crate::store::bucket::azure::shared_key;
use crate::store::bucket::google::service_account::{self, ServiceAccount};

/// Returns the requests of a read and of a swap.
fn requests(store: impl Fn(&str) -> BucketStore) -> Vec<FakeRequest> {
    let mut objects = FakeObjects::default();
    let host = FakeHost::start(move |request| objects.answer(request));
    let store = store(&host.url());
    store.read(&name(0), LIMIT).unwrap();
    store.swap(&name(0), &Version::Absent, b"record", KEEP, LIMIT).unwrap();
    let seen = host.take_seen();
    assert_eq!(seen.len(), 2);
    seen
}

#[test]
fn a_new_signature_of_s3_is_that_of_the_library() {
    let requests = requests(|endpoint| {
        let more = [("AWS_ENDPOINT_URL_S3", endpoint), ("AWS_SESSION_TOKEN", "a b+c/d=")];
        engine(BucketProvider::S3, S3_KEYS.into_iter().chain(more), None)
    });
    for request in requests {
        let (mut head, old) = (request.head(), request.head());
        let time = sigv4::signed_at(&head).unwrap();
        head.headers.insert("x-amz-date", "20000101T000000Z".parse().unwrap());
        assert_eq!(sigv4::sign(&mut head, "another key", SECRET, time), None);
        sigv4::sign(&mut head, S3_KEYS[0].1, SECRET, time).unwrap();
        assert_eq!(head.headers, old.headers);
        assert!(head.headers["authorization"].to_str().unwrap().contains("x-amz-security-token"));
    }
}

#[test]
fn a_new_signature_of_azure_is_that_of_the_library() {
    let requests = requests(|endpoint| {
        let key = [
            ("AZURE_STORAGE_ACCOUNT_NAME", "account"),
            ("AZURE_STORAGE_ACCOUNT_KEY", "c2VjcmV0"),
            ("AZURE_STORAGE_ENDPOINT", endpoint),
        ];
        engine(BucketProvider::Azure, key, None)
    });
    for request in requests {
        let (mut head, old) = (request.head(), request.head());
        let time = shared_key::signed_at(&head).unwrap();
        head.headers.insert("date", "Sat, 01 Jan 2000 00:00:00 GMT".parse().unwrap());
        shared_key::sign(&mut head, b"secret", time).unwrap();
        assert_eq!(head.headers, old.headers);
    }
}

#[test]
fn a_new_assertion_of_google_is_that_of_the_library() {
    let directory = tempfile::tempdir().unwrap();
    let Some(file) = service_account_file(directory.path()) else { return };
    let requests = requests(|endpoint| {
        let account = [("GOOGLE_BASE_URL", endpoint), ("GOOGLE_SERVICE_ACCOUNT", &file)];
        engine(BucketProvider::GoogleCloud, account, None)
    });
    let account = ServiceAccount::parse(&std::fs::read_to_string(&file).unwrap()).unwrap();
    for request in requests {
        let mut head = request.head();
        let time = service_account::signed_at(&head).unwrap();
        let claims = service_account::assertion(&head).unwrap();
        account.sign(&mut head, time).unwrap();
        // The order of the claims may differ.
        assert_eq!(service_account::assertion(&head).unwrap(), claims);
        let signed = head.headers["authorization"].to_str().unwrap();
        assert!(is_signed_by(&file, signed.strip_prefix("Bearer ").unwrap()));
    }
}

/// Writes the credentials of a service account with a new key.
pub(super) fn service_account_file(directory: &Path) -> Option<String> {
    let made = Command::new("openssl")
        .args(["genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"])
        .output();
    let Ok(made) = made else {
        missing("openssl");
        return None;
    };
    let account = serde_json::json!({
        "type": "service_account",
        "private_key": String::from_utf8(made.stdout).unwrap(),
        "private_key_id": "key",
        "client_email": "ci@project.iam.gserviceaccount.com",
    });
    let file = directory.join("account.json");
    std::fs::write(&file, account.to_string()).unwrap();
    Some(file.display().to_string())
}

fn is_signed_by(file: &str, assertion: &str) -> bool {
    use base64::Engine as _;
    let account: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let pem = pem::parse(account["private_key"].as_str().unwrap()).unwrap();
    let key = ring::rsa::KeyPair::from_pkcs8(pem.contents()).unwrap();
    let (text, signature) = assertion.rsplit_once('.').unwrap();
    let signature = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(signature).unwrap();
    let public = ring::signature::UnparsedPublicKey::new(
        &ring::signature::RSA_PKCS1_2048_8192_SHA256,
        key.public(),
    );
    public.verify(text.as_bytes(), &signature).is_ok()
}

/// Says that a test has no tool; fails in CI, which has to have it.
fn missing(tool: &str) {
    use std::io::Write;
    let is_ci = Environment::of_process().text("CI").is_some_and(|ci| ci == "true");
    assert!(!is_ci, "{tool} is missing, which CI has to have");
    let message = format!("NOT TESTED: {tool} is missing\n");
    std::io::stderr().write_all(message.as_bytes()).unwrap();
}
