//! Replies with credentials that cannot be used.

use BucketProvider::{Azure, GoogleCloud, S3};

use super::fake::{FakeHost, FakeResponse};
use super::internet::FakeInternet;
use super::*;

const REPLIED: &str = "REPLIEDSECRET";

fn bodies() -> [String; 9] {
    let xml = |token: &str, end: &str| {
        format!(
            "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>\
             <SessionToken>{token}</SessionToken><SecretAccessKey>{REPLIED}</SecretAccessKey>\
             <Expiration>{end}</Expiration><AccessKeyId>ASIA</AccessKeyId></Credentials>\
             </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
        )
    };
    let json = |text: &str, expires: serde_json::Value| {
        serde_json::json!({
            "access_token": text, "expires_in": expires, "expires_on": expires.to_string(),
            "AccessKeyId": text, "SecretAccessKey": REPLIED, "Token": text,
            "Expiration": "2099-01-01T00:00:00Z",
        })
    };
    let nested = serde_json::json!({
        "access_token": [REPLIED], "SecretAccessKey": [REPLIED], "expires_in": REPLIED,
    });
    let forever = serde_json::json!({ "access_token": REPLIED, "expires_in": u64::MAX / 2 });
    let forever_in_text = serde_json::json!({
        "access_token": REPLIED, "expires_in": 1, "expires_on": u64::MAX.to_string(),
    });
    [
        nested.to_string(),
        json(&format!("a\n{REPLIED}"), 3600.into()).to_string(),
        forever.to_string(),
        forever_in_text.to_string(),
        format!("\"{REPLIED}\""),
        xml("token", REPLIED),
        xml(&format!("a\n{REPLIED}"), "2099-01-01T00:00:00Z"),
        xml(&format!("a&#10;{REPLIED}"), "2099-01-01T00:00:00Z"),
        format!("{REPLIED}\ny z"),
    ]
}

fn assert_unusable(store: &BucketStore, body: &str) {
    let error = store.read(&name(0), LIMIT).unwrap_err();
    let (fault, message, cause, _) = parts(&error);
    assert_eq!(fault, StoreFault::Misconfigured, "{body}: {error:?}");
    assert!(message.starts_with("no ") && message.contains("credentials for"), "{message}");
    assert!(cause.contains(" answered HTTP 200: "), "{body}: {cause}");
    let text = format!("{error:?} {}", error.error);
    assert!(!text.contains(REPLIED) && !text.contains("\\n"), "{body}: {text}");
}

#[test]
fn replies_that_cannot_be_used_stop_nothing_and_are_not_quoted() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token").display().to_string();
    std::fs::write(&file, "header.claims.signature").unwrap();
    let application = [("ARM_CLIENT_ID", "id"), ("ARM_TENANT_ID", "tenant")];
    for body in bodies() {
        let response = FakeResponse::new(200, body.clone());
        let host = FakeHost::start({
            let response = response.clone();
            move |_| response.clone()
        });
        let url = host.url();
        let account = serde_json::json!({
            "type": "external_account", "audience": "pool", "subject_token_type": "jwt",
            "token_url": url, "credential_source": { "file": file },
        });
        let account = account.to_string();
        let azure = [
            ("AZURE_STORAGE_ACCOUNT_NAME", "account"),
            ("AZURE_STORAGE_ENDPOINT", &*url),
            ("AZURE_AUTHORITY_HOST", &*url),
        ];
        let web_identity = [
            ("AWS_ENDPOINT_URL_STS", &*url),
            ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/ci"),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", &file),
        ];
        for (provider, env) in [
            (S3, web_identity.to_vec()),
            (S3, vec![("AWS_EC2_METADATA_SERVICE_ENDPOINT", &*url)]),
            (S3, vec![("AWS_CONTAINER_CREDENTIALS_FULL_URI", &*url)]),
            (Azure, [&azure[..], &application, &[("ARM_CLIENT_SECRET", "secret")]].concat()),
            (Azure, [&azure[..], &application, &[("ARM_OIDC_TOKEN", "token")]].concat()),
            (Azure, [&azure[..], &[("IDENTITY_ENDPOINT", &*url)]].concat()),
            (GoogleCloud, vec![("GOOGLE_CREDENTIALS", &*account), ("GOOGLE_BASE_URL", &*url)]),
        ] {
            assert_unusable(&engine(provider, env, None), &body);
        }
        let login = serde_json::json!({
            "type": "authorized_user", "client_id": "id", "client_secret": "secret",
            "refresh_token": "refresh",
        });
        let hosts = ["oauth2.googleapis.com", "storage.googleapis.com"];
        let internet = FakeInternet::start(&hosts, move |_| response.clone());
        let login = [("GOOGLE_CREDENTIALS", &*login.to_string())];
        assert_unusable(&internet.engine(GoogleCloud, &login), &body);
    }
}
