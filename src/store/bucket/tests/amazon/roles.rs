//! Roles of instances, containers and web identities.

use std::net::TcpListener;

use super::super::fake::FakeResponse;
use super::*;
use crate::store::StoreFault::Misconfigured;

/// The service of an instance hands out the credentials of its role.
#[test]
fn a_role_of_an_instance_reads_and_writes() {
    let mut objects = FakeObjects::default();
    let host = FakeHost::start(move |request| match &*request.path {
        "/latest/api/token" => FakeResponse::new(200, "session"),
        "/latest/meta-data/iam/security-credentials/" => FakeResponse::new(200, "ci"),
        "/latest/meta-data/iam/security-credentials/ci" => {
            assert_eq!(request.header("x-aws-ec2-metadata-token"), Some("session"));
            let keys = serde_json::json!({
                "AccessKeyId": "ASIA", "SecretAccessKey": SECRET, "Token": "session token",
                "Expiration": "2099-01-01T00:00:00Z",
            });
            FakeResponse::new(200, keys.to_string())
        }
        _ => {
            assert_eq!(request.header("x-amz-security-token"), Some("session token"));
            objects.answer(request)
        }
    });
    let url = host.url();
    let env = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", &*url), ("AWS_ENDPOINT_URL", &*url)];
    assert_conditional(&engine(S3, env, None), 0);
}

#[test]
fn a_lack_of_credentials_names_what_was_looked_for() {
    let host = FakeHost::start(|_| FakeResponse::new(404, "not here"));
    let url = host.url();
    let env = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", &*url), ("AWS_ENDPOINT_URL", &*url)];
    let error = engine(S3, env, None).read(&name(0), LIMIT).unwrap_err();
    let (fault, message, cause, hint) = parts(&error);
    assert_eq!(fault, Misconfigured);
    assert_eq!(message, "no AWS credentials for the store s3://tokens/ci/a%20b");
    assert!(cause.starts_with(
        "AWS_ACCESS_KEY_ID, AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN, the profile in \
         ~/.aws/credentials and ~/.aws/config (AWS_PROFILE), \
         AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI, and the instance's role were looked \
         for; the last: 127.0.0.1"
    ));
    assert!(cause.ends_with(": HTTP 404") || cause.ends_with("answered HTTP 404"), "{cause}");
    assert!(hint.contains("AWS_SECRET_ACCESS_KEY"), "{hint}");
}

#[test]
fn a_metadata_service_that_does_not_answer_costs_a_part_of_the_limit() {
    // Takes connections, and answers none.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let env = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", &*url)];
    let store = engine(S3, env, None);
    let error = store.read(&name(0), Duration::from_millis(800)).unwrap_err();
    let (fault, message, cause, _) = parts(&error);
    assert_eq!(
        (fault, message),
        (Misconfigured, "no AWS credentials for the store s3://tokens/ci/a%20b")
    );
    // The limit of the operation, which the message would name, was not reached.
    let last = format!("no response from {}", silent.local_addr().unwrap());
    assert!(cause.ends_with(&last), "{cause}");
}

#[test]
fn a_role_that_is_refused_names_the_service_and_the_code() {
    let host = FakeHost::start(|request| {
        assert!(request.path.contains("AssumeRoleWithWebIdentity"));
        FakeResponse::refusal(403, "AccessDenied")
    });
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    std::fs::write(&file, "header.claims.signature").unwrap();
    let (url, file) = (host.url(), file.display().to_string());
    let env = [
        ("AWS_ENDPOINT_URL_STS", &*url),
        ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/ci"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", &file),
    ];
    let error = engine(S3, env, None).read(&name(0), LIMIT).unwrap_err();
    let (fault, message, cause, hint) = parts(&error);
    assert_eq!(
        (fault, message),
        (Misconfigured, "no AWS credentials for the store s3://tokens/ci/a%20b")
    );
    let answered =
        format!("127.0.0.1:{} answered HTTP 403 AccessDenied: words of the store", host.port);
    assert_eq!(cause, answered);
    assert!(hint.contains("trust policy"), "{hint}");
}

#[test]
fn half_a_key_is_named() {
    let error = refused(&[("AWS_ACCESS_KEY_ID", "only this")]);
    let (fault, message, cause, hint) = parts(&error);
    assert_eq!((fault, message), (Misconfigured, "the store s3://tokens/ci/a%20b cannot be used"));
    assert_eq!(cause, "AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY");
    assert_eq!(hint, "set AWS_SECRET_ACCESS_KEY, too");
}

#[test]
fn the_metadata_is_not_asked_where_that_is_forbidden() {
    let host = FakeHost::start(|_| FakeResponse::new(404, "not here"));
    let url = host.url();
    for on in ["True", "1"] {
        let env = [
            ("AWS_EC2_METADATA_DISABLED", on),
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", &*url),
            ("AWS_ENDPOINT_URL", &*url),
        ];
        let error = refused(&env);
        let (fault, message, cause, _) = parts(&error);
        assert_eq!(
            (fault, message),
            (Misconfigured, "no AWS credentials for the store s3://tokens/ci/a%20b")
        );
        assert!(cause.ends_with("were looked for; AWS_EC2_METADATA_DISABLED is set"), "{cause}");
    }
    assert_eq!(host.take_seen().len(), 0);
}

#[test]
fn a_service_of_a_container_is_asked_with_its_token() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token").display().to_string();
    std::fs::write(&file, "of the file\n").unwrap();
    for (more, expected) in [
        (vec![], None),
        (vec![("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic x")], Some("Basic x")),
        (
            vec![
                ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic x"),
                ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &*file),
            ],
            Some("of the file"),
        ),
    ] {
        let mut objects = FakeObjects::default();
        let host = FakeHost::start(move |request| match &*request.path {
            "/role" => {
                assert_eq!(request.header("authorization"), expected);
                let keys = serde_json::json!({
                    "AccessKeyId": "ASIAROLE", "SecretAccessKey": SECRET, "Token": "session token",
                    "Expiration": "2099-01-01T00:00:00Z",
                });
                FakeResponse::new(200, keys.to_string())
            }
            _ => objects.answer(request),
        });
        let (url, role) = (host.url(), format!("{}/role", host.url()));
        let env = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", &*role), ("AWS_ENDPOINT_URL", &*url)];
        let store = engine(S3, more.into_iter().chain(env), None);
        (0..2).for_each(|_| drop(store.read(&name(0), LIMIT).unwrap()));
        let seen = host.take_seen();
        assert_eq!(seen.len(), 3);
        assert_eq!(signed_by(&seen[2]).0, "ASIAROLE");
        assert_eq!(seen[2].header("x-amz-security-token"), Some("session token"));
    }
}

#[test]
fn a_web_identity_without_a_role_is_named() {
    let error = refused(&[("AWS_WEB_IDENTITY_TOKEN_FILE", "/token")]);
    assert_eq!(parts(&error).2, "AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN");
}
