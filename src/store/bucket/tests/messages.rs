//! One line, a cause and a hint for everything that can go wrong, and never a secret.

use hyper::Method;

use super::fake::{FakeHost, FakeResponse};
use super::fake_objects::FakeObjects;
use super::*;
use crate::store::StoreFault::{Full, Misconfigured, ReadOnly, Unavailable, Unconditional};

/// Returns the error of a read from a host that always answers in this way.
fn refused(response: FakeResponse) -> StoreError {
    let host = FakeHost::start(move |_| response.clone());
    let error = s3(&host.url()).read(&name(0), Duration::from_secs(2)).unwrap_err();
    assert_no_secret(&error);
    error
}

#[test]
fn each_code_of_a_store_has_a_fault_and_a_hint() {
    for (status, code, fault, message, hint) in [
        (404, "NoSuchBucket", Misconfigured, "does not exist", "create the bucket"),
        (403, "AccessDenied", Misconfigured, "refuses the request", "s3:ListBucket"),
        (
            403,
            "InvalidAccessKeyId",
            Misconfigured,
            "refuses the credentials",
            "its id is not known",
        ),
        (
            403,
            "SignatureDoesNotMatch",
            Misconfigured,
            "refuses the credentials",
            "AWS_SECRET_ACCESS_KEY",
        ),
        (400, "ExpiredToken", Misconfigured, "refuses the credentials", "sessions end"),
        (403, "RequestTimeTooSkewed", Misconfigured, "refuses the credentials", "clock"),
        (301, "PermanentRedirect", Misconfigured, "is elsewhere", "AWS_REGION"),
        (507, "InsufficientStorage", Full, "is full", "make room"),
        (403, "QuotaExceeded", Full, "is full", "raise its quota"),
        (400, "InvalidArgument", Misconfigured, "refuses the request", "AWS_ENDPOINT_URL"),
    ] {
        let error = refused(FakeResponse::refusal(status, code));
        let shown = parts(&error);
        let cause = format!("HTTP {status} {code}: words of the store");
        let message = format!("the store s3://tokens/ci/a%20b {message}");
        assert_eq!((shown.0, shown.1, shown.2), (fault, &*message, &*cause), "{code}");
        assert!(shown.3.contains(hint), "{code}: {}", shown.3);
    }
}

#[test]
fn a_busy_store_is_asked_again_within_the_limit() {
    let mut busy = 2;
    let mut objects = FakeObjects::default();
    let host = FakeHost::start(move |request| {
        busy -= 1;
        if busy >= 0 { FakeResponse::refusal(503, "SlowDown") } else { objects.answer(request) }
    });
    let store = s3(&host.url());
    assert_eq!(store.read(&name(0), LIMIT).unwrap().version, Version::Absent);
    assert_eq!(host.take_seen().len(), 3);

    let error = refused(FakeResponse::refusal(503, "SlowDown"));
    let (fault, message, cause, _) = parts(&error);
    assert_eq!((fault, message), (Unavailable, "the store s3://tokens/ci/a%20b is not available"));
    assert_eq!(cause, "HTTP 503 SlowDown: words of the store");
}

#[test]
fn a_bucket_of_another_region_is_named() {
    for response in [
        FakeResponse::refusal(301, "PermanentRedirect").with("x-amz-bucket-region", "us-west-2"),
        FakeResponse::new(
            400,
            "<Error><Code>AuthorizationHeaderMalformed</Code><Message>The authorization header is \
             malformed</Message><Region>us-west-2</Region></Error>",
        ),
    ] {
        let error = refused(response);
        let (fault, message, cause, hint) = parts(&error);
        assert_eq!(
            (fault, message),
            (Misconfigured, "the store s3://tokens/ci/a%20b is elsewhere")
        );
        let end = ": the bucket is in us-west-2, requests were for eu-west-1";
        assert!(cause.ends_with(end), "{cause}");
        assert_eq!(hint, "set AWS_REGION=us-west-2");
    }
}

#[test]
fn a_page_for_people_is_no_store_without_a_record() {
    let error = refused(FakeResponse::new(404, "<html>").with("Content-Type", "text/html"));
    assert_eq!(parts(&error).1, "the store s3://tokens/ci/a%20b is not at its endpoint");
}

/// Returns the error of a write, after a read that the store answered if `reads`.
fn refused_write(
    provider: BucketProvider,
    status: u16,
    code: &'static str,
    reads: bool,
) -> StoreError {
    let mut objects = FakeObjects::default();
    let host = FakeHost::start(move |request| match request.method {
        Method::PUT => FakeResponse::refusal(status, code),
        _ => objects.answer(request),
    });
    let url = host.url();
    let store = match provider {
        BucketProvider::S3 => s3(&url),
        BucketProvider::Azure => {
            let sas = "?sv=2023-11-03&sp=r&sig=c2lnbmF0dXJl";
            let env = [
                ("AZURE_STORAGE_ACCOUNT_NAME", "account"),
                ("AZURE_STORAGE_SAS_TOKEN", sas),
                ("AZURE_STORAGE_ENDPOINT", &url),
            ];
            engine(provider, env, None)
        }
        BucketProvider::GoogleCloud => {
            let env = [("GOOGLE_BASE_URL", &*url), ("GOOGLE_OAUTH_ACCESS_TOKEN", "ya29.token")];
            engine(provider, env, None)
        }
    };
    if reads {
        store.read(&name(0), LIMIT).unwrap();
    }
    let error = store.swap(&name(0), &Version::Absent, b"x", KEEP, LIMIT).unwrap_err();
    assert_no_secret(&error);
    error
}

#[test]
fn a_store_that_can_be_read_and_not_written_is_read_only() {
    for (provider, status, code, hint) in [
        (BucketProvider::S3, 403, "AccessDenied", "s3:PutObject"),
        (BucketProvider::GoogleCloud, 403, "AccessDenied", "roles/storage.objectUser"),
        (BucketProvider::Azure, 403, "AuthorizationPermissionMismatch", "Data Contributor"),
    ] {
        let error = refused_write(provider, status, code, true);
        let (fault, message, _, shown) = parts(&error);
        let expected = format!("the store {}://tokens/ci/a%20b is read-only", provider.scheme());
        assert_eq!((fault, message), (ReadOnly, &*expected));
        assert!(shown.contains(hint), "{shown}");
        assert_eq!(refused_write(provider, status, code, false).fault, Misconfigured);
    }
    let locked = refused_write(BucketProvider::Azure, 409, "BlobImmutableDueToPolicy", true);
    assert_eq!(parts(&locked).1, "the store az://tokens/ci/a%20b lets nothing be replaced");
}

#[test]
fn an_account_that_does_not_know_who_asks_points_to_the_credentials_that_were_used() {
    let account = ("AZURE_STORAGE_ACCOUNT_NAME", "account");
    let key = ("AZURE_STORAGE_ACCOUNT_KEY", "a2V5");
    let sas = ("AZURE_STORAGE_SAS_TOKEN", "sv=2023-11-03&sp=r&sig=c2lnbmF0dXJl");
    let hint = |credentials, code, words: &'static str| {
        let host = FakeHost::start(move |_| {
            let xml = format!("<Error><Code>{code}</Code><Message>{words}</Message></Error>");
            FakeResponse::new(403, xml)
        });
        let url = host.url();
        let env = [account, credentials, ("AZURE_STORAGE_ENDPOINT", &*url)];
        let read = engine(BucketProvider::Azure, env, None).read(&name(0), LIMIT);
        let error = read.unwrap_err();
        assert_no_secret(&error);
        let (fault, message, _, hint) = parts(&error);
        assert_eq!(fault, Misconfigured);
        format!("{}: {hint}", message.trim_start_matches("the store az://tokens/ci/a%20b "))
    };
    let who = "Server failed to authenticate the request. Make sure";
    for code in ["AuthenticationFailed", "AuthorizationFailure"] {
        let told = hint(key, code, who);
        let expected = "refuses the credentials: check the key of the account from \
                        AZURE_STORAGE_ACCOUNT_KEY, and AZURE_STORAGE_ACCOUNT_NAME: ";
        assert!(told.starts_with(expected), "{told}");
    }
    let told = hint(sas, "AuthenticationFailed", who);
    let expected = "refuses the credentials: check a SAS token from AZURE_STORAGE_SAS_TOKEN, ";
    assert!(told.starts_with(expected), "{told}");
    let told = hint(key, "AuthorizationFailure", "This request is not authorized");
    assert!(told.starts_with("refuses the request: a key has every right: "), "{told}");
    let told = hint(sas, "AuthorizationPermissionMismatch", "not authorized");
    assert!(told.ends_with("or the SAS the permissions rcw"), "{told}");
}

#[test]
fn a_value_that_cannot_be_used_is_to_be_corrected() {
    for (variable, value) in [
        ("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "virtual"),
        ("AWS_SERVER_SIDE_ENCRYPTION", "kms"),
        ("AWS_ENDPOINT_URL", "minio:9000"),
        ("AWS_REGION", "eu west 1"),
        ("AWS_REGION", "eu/west"),
        ("AWS_SESSION_TOKEN", "t\u{f6}ken"),
        ("AWS_ACCESS_KEY_ID", "AK\u{130}D"),
    ] {
        let env =
            S3_KEYS.into_iter().filter(|(name, _)| *name != variable).chain([(variable, value)]);
        let error = engine(BucketProvider::S3, env, None).read(&name(0), LIMIT).unwrap_err();
        let (fault, message, cause, hint) = parts(&error);
        assert_eq!(
            (fault, message),
            (Misconfigured, "the store s3://tokens/ci/a%20b cannot be used")
        );
        assert!(cause.starts_with(variable), "{cause}");
        assert_eq!(hint, format!("correct {variable}, or unset it"));
    }
}

#[test]
fn a_store_without_conditional_writes_says_so() {
    let error = refused_write(BucketProvider::S3, 501, "NotImplemented", true);
    assert_eq!(error.fault, Unconditional);
    assert_eq!(error.error.message, "the store s3://tokens/ci/a%20b has no conditional writes");
}

#[test]
fn a_conflict_is_a_lost_swap() {
    let host = FakeHost::start(|_| FakeResponse::refusal(409, "ConditionalRequestConflict"));
    let swap = s3(&host.url()).swap(&name(0), &Version::Absent, b"x", KEEP, LIMIT);
    assert_eq!(swap.unwrap(), Swap::Lost);
}

#[test]
fn the_words_of_a_store_hide_what_may_be_secret() {
    let echo = format!(
        "<Error><Code>AccessDenied</Code><Message>{SECRET} {}</Message></Error>",
        "a".repeat(40)
    );
    let error = refused(FakeResponse::new(403, echo));
    assert_eq!(parts(&error).2, "HTTP 403 AccessDenied: [...] [...]");
}

#[test]
fn the_signature_of_a_sas_is_secret_and_short_secrets_hide_all_words() {
    let words = |env: &[(&str, &str)], provider: BucketProvider| {
        let host = FakeHost::start(|_| {
            let words = "about sIgNaTuRe%2Bb and sIgNaTuRe+b";
            FakeResponse::new(
                403,
                format!("<Error><Code>Odd</Code><Message>{words}</Message></Error>"),
            )
        });
        let url = host.url();
        let endpoint = [("AZURE_STORAGE_ENDPOINT", &*url), ("AWS_ENDPOINT_URL", &*url)];
        let store = engine(provider, env.iter().copied().chain(endpoint), None);
        parts(&store.read(&name(0), LIMIT).unwrap_err()).2.to_owned()
    };
    let account = ("AZURE_STORAGE_ACCOUNT_NAME", "account");
    let sas = ("AZURE_STORAGE_SAS_TOKEN", "?sv=2023-11-03&sp=r&sig=sIgNaTuRe%2Bb");
    let shown = words(&[account, sas], BucketProvider::Azure);
    assert_eq!(shown, "HTTP 403 Odd: about [redacted] and [redacted]");
    let short = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")];
    assert_eq!(words(&short, BucketProvider::S3), "HTTP 403 Odd: [...]");
}
