//! Hints name the setting that is in use, and none that is not.

use super::fake::{FakeHost, FakeResponse};
use super::*;

type Env<'a> = &'a [(&'a str, &'a str)];

const ACCOUNT: (&str, &str) = ("AZURE_STORAGE_ACCOUNT_NAME", "account");

/// Returns the cause and the hint of settings with which there is no request.
fn unusable(provider: BucketProvider, env: Env<'_>) -> (String, String) {
    let read = engine(provider, env.iter().copied(), None).read(&name(0), LIMIT);
    let error = read.unwrap_err();
    assert_eq!(error.fault, StoreFault::Misconfigured, "{error:?}");
    assert_no_secret(&error);
    (error.error.cause.unwrap_or_default(), error.error.hint.unwrap_or_default().into())
}

/// Returns the hint for a code of S3.
fn hint_of(code: &'static str, credentials: Env<'_>) -> String {
    let host = FakeHost::start(move |_| FakeResponse::refusal(403, code));
    let url = host.url();
    let endpoint = [("AWS_ENDPOINT_URL_S3", &*url), ("AWS_REGION", "eu-west-1")];
    unusable(BucketProvider::S3, &[credentials, &endpoint].concat()).1
}

#[test]
fn the_source_of_keys_that_are_refused_is_named_and_no_other() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".aws")).unwrap();
    let file = home.path().join(".aws/credentials");
    let keys = format!("aws_access_key_id = AKIA\naws_secret_access_key = {SECRET}\n");
    std::fs::write(&file, format!("[default]\n{keys}")).unwrap();
    let home = home.path().display().to_string();
    for code in ["InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"] {
        let hint = hint_of(code, &[("HOME", &home)]);
        let source = "check an access key from aws_secret_access_key of profile \"default\" in ";
        assert!(hint.starts_with(source), "{hint}");
        assert!(!hint.contains("AWS_"), "{hint}");
        let hint = hint_of(code, &S3_KEYS);
        let source = "check an access key from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: ";
        assert!(hint.starts_with(source), "{hint}");
        assert!(!hint.contains("AWS_SESSION_TOKEN") && !hint.contains("ENDPOINT"), "{hint}");
    }
    let hint = hint_of("AuthorizationHeaderMalformed", &S3_KEYS);
    assert!(hint.ends_with(", and the region eu-west-1 from AWS_REGION"), "{hint}");
}

#[test]
fn a_policy_that_lacks_a_right_has_to_name_these_resources() {
    let hint = hint_of("AccessDenied", &S3_KEYS);
    assert!(hint.contains("s3:PutObject on arn:aws:s3:::tokens/ci/a b/*, and s3:List"), "{hint}");
    assert!(hint.contains("s3:ListBucket on arn:aws:s3:::tokens: "), "{hint}");
}

#[test]
fn a_region_that_does_not_exist_is_refused_unless_another_server_is_named() {
    for region in ["eu-west1", "auto", "eu"] {
        let env = [&S3_KEYS[..], &[("AWS_REGION", region)]].concat();
        let (cause, hint) = unusable(BucketProvider::S3, &env);
        let expected =
            format!("AWS_REGION: {region:?} is not a region of Amazon's, such as eu-west-1");
        assert_eq!(cause, expected);
        assert!(hint.starts_with("correct AWS_REGION; "), "{hint}");
        let host = FakeHost::start(|_| FakeResponse::refusal(404, "NoSuchKey"));
        let url = host.url();
        let own = [&env[..], &[("AWS_ENDPOINT_URL_S3", &*url)]].concat();
        engine(BucketProvider::S3, own, None).read(&name(0), LIMIT).unwrap();
    }
}

#[test]
fn an_account_of_azure_is_a_name_and_no_url() {
    let secret = ("AZURE_STORAGE_ACCOUNT_KEY", "a2V5");
    for url in ["https://acc.blob.core.windows.net", "acc.blob.core.windows.net"] {
        let account = ("AZURE_STORAGE_ACCOUNT_NAME", url);
        let (cause, hint) = unusable(BucketProvider::Azure, &[account, secret]);
        let expected = format!(
            "AZURE_STORAGE_ACCOUNT_NAME takes the account's name, such as acc, and not {url:?}"
        );
        assert_eq!((&*cause, &*hint), (&*expected, "set AZURE_STORAGE_ACCOUNT_NAME=acc"));
    }
}

#[test]
fn an_endpoint_that_names_the_bucket_is_refused() {
    for (endpoint, server) in [
        ("http://127.0.0.1:1/tokens", "http://127.0.0.1:1"),
        ("http://127.0.0.1:1/base/tokens/", "http://127.0.0.1:1/base"),
        ("https://tokens.s3.eu-west-1.amazonaws.com", "https://s3.eu-west-1.amazonaws.com"),
    ] {
        let env = [&S3_KEYS[..], &[("AWS_ENDPOINT_URL_S3", endpoint)]].concat();
        let (cause, hint) = unusable(BucketProvider::S3, &env);
        let expected =
            "AWS_ENDPOINT_URL_S3 names the bucket tokens, which the location has already";
        assert_eq!(cause, expected, "{endpoint}");
        assert_eq!(hint, format!("name the server alone: AWS_ENDPOINT_URL_S3={server}"));
    }
    let host = FakeHost::start(|_| FakeResponse::refusal(404, "NoSuchKey"));
    s3(&format!("{}/mytokens", host.url())).read(&name(0), LIMIT).unwrap();
}

#[test]
fn credentials_of_azure_that_are_not_complete_are_named() {
    for (env, expected) in [
        (
            &[("AZURE_CLIENT_ID", "id"), ("AZURE_CLIENT_SECRET", "hunter2")][..],
            "AZURE_CLIENT_ID is set without AZURE_TENANT_ID",
        ),
        (
            &[("AZURE_TENANT_ID", "t"), ("AZURE_CLIENT_SECRET", "hunter2")],
            "AZURE_CLIENT_SECRET is set without AZURE_CLIENT_ID",
        ),
        (
            &[("ARM_CLIENT_ID", "id"), ("ARM_TENANT_ID", "t")],
            "ARM_CLIENT_ID and ARM_TENANT_ID are set without ARM_CLIENT_SECRET, ARM_OIDC_TOKEN, \
             ARM_OIDC_TOKEN_FILE_PATH or ARM_OIDC_REQUEST_URL",
        ),
        (
            &[("ARM_CLIENT_ID", "id"), ("ARM_CLIENT_SECRET", "hunter2")],
            "ARM_CLIENT_ID is set without ARM_TENANT_ID",
        ),
        (
            &[("ARM_USE_OIDC", "true"), ("ARM_CLIENT_ID", "id"), ("ARM_TENANT_ID", "t")],
            "ARM_USE_OIDC is set without ARM_OIDC_TOKEN, ARM_OIDC_TOKEN_FILE_PATH or \
             ARM_OIDC_REQUEST_URL",
        ),
    ] {
        let (cause, _) = unusable(BucketProvider::Azure, &[&[ACCOUNT], env].concat());
        assert_eq!(cause, expected);
    }
}

#[test]
fn a_connection_string_is_named_where_nothing_else_is_set() {
    let string = ("AZURE_STORAGE_CONNECTION_STRING", "AccountName=a;AccountKey=s3cret");
    let begin = "AZURE_STORAGE_CONNECTION_STRING is set, and gc-token does not read it; ";
    let (cause, hint) = unusable(BucketProvider::Azure, &[string]);
    assert_eq!(cause, format!("{begin}AZURE_STORAGE_ACCOUNT_NAME is not set"));
    assert!(hint.contains("AZURE_STORAGE_ACCOUNT_KEY"), "{hint}");
    let host = FakeHost::start(|_| FakeResponse::new(404, "not here"));
    let machine = ("IDENTITY_ENDPOINT", &*host.url());
    let (cause, _) = unusable(BucketProvider::Azure, &[ACCOUNT, machine, string]);
    assert!(cause.starts_with(begin), "{cause}");
}

#[test]
fn a_file_of_a_token_that_cannot_be_read_is_named_with_its_variable() {
    let role = ("AWS_ROLE_ARN", "arn:aws:iam::1:role/ci");
    let application = [ACCOUNT, ("AZURE_CLIENT_ID", "id"), ("AZURE_TENANT_ID", "t")];
    let federated = [("AZURE_FEDERATED_TOKEN_FILE", "/nope")];
    for (provider, variable, env) in [
        (
            BucketProvider::S3,
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            vec![role, ("AWS_WEB_IDENTITY_TOKEN_FILE", "/nope")],
        ),
        (
            BucketProvider::Azure,
            "AZURE_FEDERATED_TOKEN_FILE",
            [&application[..], &federated].concat(),
        ),
    ] {
        let (cause, hint) = unusable(provider, &env);
        let begin = format!("{variable}: the file \"/nope\" cannot be read: No such file");
        assert!(cause.starts_with(&begin), "{cause}");
        assert!(hint.starts_with(&format!("correct {variable}: ")), "{hint}");
    }
}

#[test]
fn a_file_of_google_that_is_no_json_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("key.json").display().to_string();
    std::fs::write(&file, "no JSON").unwrap();
    let variable = ("GOOGLE_APPLICATION_CREDENTIALS", &*file);
    let (cause, hint) = unusable(BucketProvider::GoogleCloud, &[variable]);
    let expected = format!(
        "GOOGLE_APPLICATION_CREDENTIALS: the file {file:?}: there is no JSON with credentials of \
         Google Cloud"
    );
    assert_eq!(cause, expected);
    assert!(
        hint.starts_with("check GOOGLE_APPLICATION_CREDENTIALS: it takes the key of"),
        "{hint}"
    );
}

#[test]
fn a_profile_that_was_not_found_is_named_where_no_other_credentials_are() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".aws")).unwrap();
    let file = home.path().join(".aws/credentials");
    let home = home.path().display().to_string();
    let host = FakeHost::start(|_| FakeResponse::new(404, "not here"));
    let url = host.url();
    let metadata = ("AWS_EC2_METADATA_SERVICE_ENDPOINT", &*url);
    for (text, cause, hint) in [
        ("[default\n", "~/.aws/credentials cannot be read: line 1", "correct the file"),
        (
            "[team]\nregion = eu-west-1\n",
            "there is no profile \"default\" in ~/.aws/config, ~/.aws/credentials; ",
            "set AWS_PROFILE (known: team)",
        ),
    ] {
        std::fs::write(&file, text).unwrap();
        for last in [metadata, ("AWS_EC2_METADATA_DISABLED", "true")] {
            let told = unusable(BucketProvider::S3, &[("HOME", &home), last]);
            assert!(told.0.replace(&home, "~").starts_with(cause), "{}", told.0);
            assert!(told.0.contains("were looked for"), "{}", told.0);
            assert_eq!(told.1, hint);
        }
    }
}
