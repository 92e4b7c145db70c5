//! What is said about the way to a bucket is what the library does.

use super::fake::{FakeHost, FakeRequest, FakeResponse};
use super::fake_objects::FakeObjects;
use super::*;
use crate::store::NoteLevel;

use BucketProvider::{Azure, GoogleCloud, S3};

const ACCOUNT: (&str, &str) = ("AZURE_STORAGE_ACCOUNT_NAME", "account");
const SAS: (&str, &str) = ("AZURE_STORAGE_SAS_TOKEN", "sv=1&sig=c2lnbmF0dXJl");
const BEARER: (&str, &str) = ("GOOGLE_OAUTH_ACCESS_TOKEN", "ya29.token");
const TOKEN: (&str, &str) = ("AWS_SESSION_TOKEN", "session token");

fn told(provider: BucketProvider, env: &[(&str, &str)]) -> Vec<String> {
    let notes = engine(provider, env.iter().copied(), None).description();
    for (_, value) in env {
        let is_secret = value.contains("ecret") || value.contains("oken") || value.contains("sig");
        assert!(!is_secret || notes.iter().all(|note| !note.message.contains(value)), "{notes:?}");
    }
    notes.into_iter().map(|note| note.message).collect()
}

#[test]
fn the_credentials_that_count_are_named_by_their_variables() {
    let web =
        [("AWS_WEB_IDENTITY_TOKEN_FILE", "/token"), ("AWS_ROLE_ARN", "arn:aws:iam::1:role/x")];
    let pod = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1"),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/pod"),
    ];
    let service = [("AZURE_CLIENT_ID", "id"), ("AZURE_TENANT_ID", "tenant")];
    let with = |more: &[(&'static str, &'static str)], rest: &[(&'static str, &'static str)]| {
        [more, rest].concat()
    };
    for (provider, env, connects) in [
        (
            S3,
            with(&S3_KEYS, &web),
            "with an access key from AWS_ACCESS_KEY_ID and \
            AWS_SECRET_ACCESS_KEY",
        ),
        (
            S3,
            with(&S3_KEYS, &[TOKEN]),
            "with the key of a session from AWS_ACCESS_KEY_ID, \
            AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN",
        ),
        (
            S3,
            with(&web, &pod),
            "with the role of a web identity from \
            AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN",
        ),
        (
            S3,
            pod.to_vec(),
            "with the role of the pod from \
            AWS_CONTAINER_CREDENTIALS_FULL_URI and AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        ),
        (
            S3,
            with(&pod, &[("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2")]),
            "with the role of \
            the container from AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        ),
        (S3, Vec::new(), "with the role of the instance from its metadata service"),
        (
            S3,
            with(&S3_KEYS, &[("AWS_SKIP_SIGNATURE", "true")]),
            "without credentials, by \
            AWS_SKIP_SIGNATURE",
        ),
        (
            GoogleCloud,
            with(&[BEARER], &[("GOOGLE_SERVICE_ACCOUNT", "/f")]),
            "with an access token \
            from GOOGLE_OAUTH_ACCESS_TOKEN",
        ),
        (
            GoogleCloud,
            vec![("GOOGLE_SERVICE_ACCOUNT", "/f")],
            "with credentials from \
            GOOGLE_SERVICE_ACCOUNT",
        ),
        (
            GoogleCloud,
            vec![("GOOGLE_APPLICATION_CREDENTIALS", "/no")],
            "with credentials from \
            GOOGLE_APPLICATION_CREDENTIALS",
        ),
        (GoogleCloud, Vec::new(), "with the account of the instance from its metadata service"),
        (
            Azure,
            with(&[SAS, ("AZURE_STORAGE_ACCOUNT_KEY", "a2V5")], &service),
            "with the key of \
            the account from AZURE_STORAGE_ACCOUNT_KEY",
        ),
        (Azure, with(&service, &[SAS]), "with a SAS token from AZURE_STORAGE_SAS_TOKEN"),
        (
            Azure,
            with(&service, &[("AZURE_CLIENT_SECRET", "s3cret")]),
            "with a service principal \
            from AZURE_CLIENT_ID and AZURE_CLIENT_SECRET",
        ),
        (
            Azure,
            with(&service, &[("AZURE_FEDERATED_TOKEN_FILE", "/f"), SAS]),
            "with a workload \
            identity from AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE",
        ),
        (Azure, service.to_vec(), "with the identity of the machine from its metadata service"),
    ] {
        let expected = format!("connects {connects}");
        let env = if provider == Azure { [&[ACCOUNT], &*env].concat() } else { env };
        assert_eq!(told(provider, &env).pop(), Some(expected), "{env:?}");
    }
    let incomplete = told(S3, &S3_KEYS[..1]);
    assert!(!incomplete.iter().any(|line| line.contains("connects")), "{incomplete:?}");
}

/// Returns the first request, of an engine with these variables at a host that answers all.
fn first_request(provider: BucketProvider, env: &[(&str, &str)]) -> FakeRequest {
    let mut objects = FakeObjects::default();
    let host = FakeHost::start(move |request| objects.answer(request));
    let url = host.url();
    let endpoint = match provider {
        S3 => "AWS_ENDPOINT_URL",
        GoogleCloud => "GOOGLE_BASE_URL",
        Azure => "AZURE_STORAGE_ENDPOINT",
    };
    let env = env.iter().copied().chain([(endpoint, &*url)]);
    let store = engine(provider, env, None);
    store.read(&name(0), LIMIT).unwrap();
    host.take_seen().remove(0)
}

#[test]
fn of_several_credentials_the_library_takes_those_that_are_named() {
    let web =
        [("AWS_WEB_IDENTITY_TOKEN_FILE", "/token"), ("AWS_ROLE_ARN", "arn:aws:iam::1:role/x")];
    let by_key = first_request(S3, &[&S3_KEYS[..], &web].concat());
    assert!(by_key.header("authorization").unwrap().contains("AKIDEXAMPLE"));
    let unsigned = first_request(S3, &[&S3_KEYS[..], &[("AWS_SKIP_SIGNATURE", "y")]].concat());
    assert_eq!(unsigned.header("authorization"), None);
    let key = ("AZURE_STORAGE_ACCOUNT_KEY", "a2V5");
    let by_key = first_request(Azure, &[ACCOUNT, SAS, key]);
    assert!(by_key.header("authorization").unwrap().starts_with("SharedKey account:"));
    let service = [ACCOUNT, SAS, ("AZURE_CLIENT_ID", "id"), ("AZURE_TENANT_ID", "tenant")];
    assert!(first_request(Azure, &service).path.contains("sig="));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("application.json");
    std::fs::write(&file, "{}").unwrap();
    let file = ("GOOGLE_APPLICATION_CREDENTIALS", file.to_str().unwrap());
    let by_token = first_request(GoogleCloud, &[BEARER, file]);
    assert_eq!(by_token.header("authorization"), Some("Bearer ya29.token"));
}

#[test]
fn the_content_of_a_file_of_google_is_told_apart() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join(".config/gcloud/application_default_credentials.json");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let home = home.path().to_str().unwrap();
    for (content, kind) in [
        ("service_account", "a service account"),
        ("external_account", "workload identity federation"),
        ("authorized_user", "the login of a user"),
        ("another", "credentials"),
    ] {
        std::fs::write(&file, format!("{{\"type\": \"{content}\"}}")).unwrap();
        let expected = format!(
            "connects with {kind} from ~/.config/gcloud/application_default_credentials.json"
        );
        assert_eq!(told(GoogleCloud, &[("HOME", home)]).pop(), Some(expected));
    }
}

#[test]
fn the_endpoint_is_the_host_that_requests_go_to() {
    let style = ("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "true");
    let (region, other) = (("AWS_REGION", "eu-west-1"), ("AWS_DEFAULT_REGION", "eu-west-3"));
    let with_keys = |more: &[(&'static str, &'static str)]| [&S3_KEYS[..], more].concat();
    for (provider, env, host, origin) in [
        (
            S3,
            with_keys(&[region, other]),
            "s3.eu-west-1.amazonaws.com",
            "by the region eu-west-1 from AWS_REGION",
        ),
        (
            S3,
            with_keys(&[other, style]),
            "tokens.s3.eu-west-3.amazonaws.com",
            "by the region eu-west-3 from AWS_DEFAULT_REGION",
        ),
        (S3, with_keys(&[]), "s3.us-east-1.amazonaws.com", "by the region us-east-1 by default"),
        (GoogleCloud, vec![BEARER], "storage.googleapis.com", ""),
        (
            Azure,
            vec![ACCOUNT, SAS],
            "account.blob.core.windows.net",
            "by the account from AZURE_STORAGE_ACCOUNT_NAME",
        ),
    ] {
        let proxy = FakeHost::start(|_| FakeResponse::new(502, ""));
        let url = proxy.url();
        let env: Vec<_> = env.into_iter().chain([("HTTPS_PROXY", &*url)]).collect();
        let origin = if origin.is_empty() { String::new() } else { format!(", {origin}") };
        let lines = told(provider, &env);
        assert_eq!(lines[0], format!("its endpoint is https://{host}{origin}"));
        assert_eq!(lines[1], "the connection is encrypted (TLS)");
        engine(provider, env, None).read(&name(0), Duration::from_secs(2)).unwrap_err();
        assert_eq!(proxy.take_seen()[0].path, format!("{host}:443"));
    }
}

#[test]
fn a_connection_in_the_clear_is_a_warning_unless_it_stays_on_this_machine() {
    let level = |url: &str| {
        let notes = s3(url).description();
        assert!(notes[0].message.starts_with(&format!("its endpoint is {url} from AWS_ENDPOINT")));
        let found = notes.iter().find(|note| note.message.contains("encrypted"));
        found.map(|note| note.level)
    };
    assert_eq!(level("http://minio.example:9000"), Some(NoteLevel::Warning));
    assert_eq!(level("http://127.0.0.1:9000"), None);
    assert_eq!(level("https://minio.example"), Some(NoteLevel::Ok));
    let both = [("AWS_ENDPOINT_URL", "http://a:1"), ("AWS_ENDPOINT_URL_S3", "https://b")];
    assert!(told(S3, &both)[0].starts_with("its endpoint is https://b from AWS_ENDPOINT_URL_S3,"));
}
