//! Conditional writes, on real servers and on a fake one for Google Cloud Storage.

use std::sync::{Barrier, Mutex};

use hyper::header::{AUTHORIZATION, DATE, HeaderName};
use hyper::{Method, Request};

use super::fake::{FakeHost, FakeObjects, FakeResponse, now};
use super::real::RealServer;
use super::*;
use crate::store::bucket::azure::shared_key;

/// The account and the key that every Azurite has.
const ACCOUNT: &str = "devstoreaccount1";
const ACCOUNT_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

const RACERS: usize = 32;

fn azure(server: &RealServer) -> BucketStore {
    let endpoint = format!("{}/{ACCOUNT}", server.url());
    let env = [
        ("AZURE_STORAGE_ACCOUNT_NAME", ACCOUNT),
        ("AZURE_STORAGE_ACCOUNT_KEY", ACCOUNT_KEY),
        ("AZURE_STORAGE_ENDPOINT", &endpoint),
    ];
    engine(BucketProvider::Azure, env, None)
}

fn create_container(server: &RealServer) {
    use base64::Engine as _;
    let path = format!("/{ACCOUNT}/tokens?restype=container");
    let mut request = Request::new(());
    *request.method_mut() = Method::PUT;
    *request.uri_mut() = format!("{}{path}", server.url()).parse().unwrap();
    let mut head = request.into_parts().0;
    let version = HeaderName::from_static("x-ms-version");
    head.headers.insert(version, "2023-11-03".parse().unwrap());
    head.headers.insert(AUTHORIZATION, format!("SharedKey {ACCOUNT}:").parse().unwrap());
    let key = base64::engine::general_purpose::STANDARD.decode(ACCOUNT_KEY).unwrap();
    shared_key::sign(&mut head, &key, now()).unwrap();
    let header = |name| head.headers[name].to_str().unwrap();
    let created = server.request(
        &format!("PUT {path} HTTP/1.1"),
        &[
            ("Authorization", header(AUTHORIZATION)),
            ("Date", header(DATE)),
            ("x-ms-version", "2023-11-03"),
        ],
    );
    assert!(created.starts_with("HTTP/1.1 201"), "{created}");
}

#[test]
fn s3_writes_on_conditions() {
    let Some(server) = RealServer::moto() else { return };
    assert_conditional(&s3(&server.url()), 0);
    race(|| s3(&server.url()));
}

#[test]
fn versity_writes_on_conditions() {
    let Some(server) = RealServer::versity() else { return };
    assert_conditional(&s3(&server.url()), 0);
    race(|| s3(&server.url()));
}

#[test]
fn azure_writes_on_conditions() {
    let Some(server) = RealServer::azurite() else { return };
    create_container(&server);
    assert_conditional(&azure(&server), 0);
    race(|| azure(&server));
}

#[test]
fn google_writes_on_conditions() {
    let mut objects = FakeObjects::default();
    let host = FakeHost::start(move |request| objects.answer(request));
    assert_conditional(&google(&host), 0);
}

/// The single flight finds such a store by its second conditional write.
#[test]
fn a_store_that_ignores_conditions_lets_both_win() {
    let mut objects = FakeObjects { ignores_conditions: true, ..FakeObjects::default() };
    let host = FakeHost::start(move |request| objects.answer(request));
    let store = google(&host);
    for record in [b"one", b"two"] {
        let swap = store.swap(&name(0), &Version::Absent, record, KEEP, LIMIT).unwrap();
        assert!(matches!(swap, Swap::Won(_)), "{swap:?}");
    }
}

fn google(host: &FakeHost) -> BucketStore {
    let env = [("GOOGLE_BASE_URL", &*host.url()), ("GOOGLE_OAUTH_ACCESS_TOKEN", "ya29.token")];
    engine(BucketProvider::GoogleCloud, env, None)
}

/// Checks that of many writers at once, exactly one wins. `GC_TOKEN_TEST_STORE_ROUNDS` asks
/// for more than a few rounds.
fn race(engine: impl Fn() -> BucketStore) {
    let rounds = Environment::of_process().text("GC_TOKEN_TEST_STORE_ROUNDS");
    let rounds: u32 = rounds.map_or(6, |rounds| rounds.parse().unwrap());
    let engines: Vec<_> = (0..RACERS).map(|_| engine()).collect();
    let start = Barrier::new(RACERS);
    let winners: Vec<_> = (0..rounds).map(|_| Mutex::new(Vec::new())).collect();
    std::thread::scope(|scope| {
        for (racer, engine) in engines.iter().enumerate() {
            let (start, winners) = (&start, &winners);
            scope.spawn(move || {
                let mut expected = Version::Absent;
                for (round, winners) in (0..).zip(winners) {
                    // Every other round is about a record that exists.
                    let name = name(1000 + round / 2);
                    if round % 2 == 0 {
                        expected = Version::Absent;
                    }
                    let record = format!("{racer} {round}");
                    start.wait();
                    let swap = engine.swap(&name, &expected, record.as_bytes(), KEEP, LIMIT);
                    if let Swap::Won(_) = swap.unwrap() {
                        winners.lock().unwrap().push(racer);
                    }
                    start.wait();
                    expected = engine.read(&name, LIMIT).unwrap().version;
                }
            });
        }
    });
    for (round, winners) in winners.iter().enumerate() {
        assert_eq!(winners.lock().unwrap().len(), 1, "round {round}");
    }
}

#[test]
fn a_stopped_server_costs_no_more_than_the_limit() {
    let Some(server) = RealServer::moto() else { return };
    let store = s3(&server.url());
    store.read(&name(0), LIMIT).unwrap();
    server.signal(rustix::process::Signal::STOP);
    let error = store.read(&name(0), Duration::from_millis(300)).unwrap_err();
    server.signal(rustix::process::Signal::CONT);
    assert_eq!(error.error.message, "the store s3://tokens/ci/a%20b is not reachable");
    let cause = format!("no complete response from 127.0.0.1:{} within 300.0ms", server.port);
    assert_eq!(error.error.cause, Some(cause));
    store.read(&name(0), LIMIT).unwrap();
}

#[test]
fn versity_names_wrong_credentials() {
    let Some(server) = RealServer::versity() else { return };
    for (key, answer) in [
        ("nobody", "HTTP 404 XAdminUserNotFound: "),
        (S3_KEYS[0].1, "HTTP 403 SignatureDoesNotMatch: "),
    ] {
        let endpoint = server.url();
        let keys = [("AWS_ACCESS_KEY_ID", key), ("AWS_SECRET_ACCESS_KEY", "wrong secret")];
        let place = [("AWS_ENDPOINT_URL", &*endpoint), ("AWS_REGION", "eu-west-1")];
        let store = engine(BucketProvider::S3, keys.into_iter().chain(place), None);
        let error = store.read(&name(0), LIMIT).unwrap_err().error;
        assert_eq!(error.message, "the store s3://tokens/ci/a%20b refuses the credentials");
        let cause = error.cause.unwrap();
        assert!(cause.starts_with(answer), "{cause}");
    }
}

/// Azurite takes the container for one without records until something is written.
#[test]
fn azurite_says_that_there_is_no_container() {
    let Some(server) = RealServer::azurite() else { return };
    let written = azure(&server).swap(&name(0), &Version::Absent, b"x", KEEP, LIMIT);
    let error = written.unwrap_err().error;
    assert_eq!(error.message, "the store az://tokens/ci/a%20b does not exist");
    assert!(error.cause.unwrap().starts_with("HTTP 404 ContainerNotFound"));
}

#[test]
fn a_connection_that_was_closed_meanwhile_is_not_used() {
    let mut objects = FakeObjects::default();
    let host = FakeHost::start(move |request| objects.answer(request).closing());
    let store = s3(&host.url());
    let mut version = Version::Absent;
    for _ in 0..20 {
        // The end of the connection arrives.
        std::thread::sleep(Duration::from_millis(20));
        let Swap::Won(next) = store.swap(&name(0), &version, b"x", KEEP, LIMIT).unwrap() else {
            panic!("lost");
        };
        version = next;
    }
}

#[test]
fn connections_are_reused() {
    let connections = std::sync::Arc::new(Mutex::new(std::collections::BTreeSet::new()));
    let (seen, mut objects) = (connections.clone(), FakeObjects::default());
    let host = FakeHost::start(move |request| {
        seen.lock().unwrap().insert(format!("{:?}", std::thread::current().id()));
        objects.answer(request)
    });
    let store = s3(&host.url());
    (0..5).for_each(|_| drop(store.read(&name(0), LIMIT).unwrap()));
    assert_eq!(connections.lock().unwrap().len(), 1);
}

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
    assert_conditional(&engine(BucketProvider::S3, env, None), 0);
}

/// No request is for the network before the first one.
#[test]
fn nothing_is_read_before_the_first_request() {
    let env = [
        ("GOOGLE_APPLICATION_CREDENTIALS", "/no/such/file"),
        ("HTTPS_PROXY", "http://proxy.invalid:1"),
    ];
    let store = engine(BucketProvider::GoogleCloud, env, Some("/no/such/file".into()));
    let error = store.read(&name(0), LIMIT).unwrap_err().error;
    assert_eq!(error.message, "the store gs://tokens/ci/a%20b cannot be used");
    assert!(error.cause.unwrap().contains("/no/such/file"));
}

/// As an action of GitHub writes the file.
#[test]
fn a_federated_identity_reads_and_writes() {
    let mut objects = FakeObjects::default();
    let host = FakeHost::start(move |request| {
        let body = String::from_utf8_lossy(&request.body);
        match &*request.path {
            "/oidc" => {
                assert_eq!(request.header("authorization"), Some("Bearer runner"));
                FakeResponse::new(200, r#"{"value": "token of the job"}"#)
            }
            "/sts" => {
                assert!(body.contains("subject_token=token+of+the+job"), "{body}");
                assert!(body.contains("audience=pool"), "{body}");
                FakeResponse::new(200, r#"{"access_token": "federated", "expires_in": 3600}"#)
            }
            "/impersonate" => {
                assert_eq!(request.header("authorization"), Some("Bearer federated"));
                FakeResponse::new(200, r#"{"accessToken": "ya29.token"}"#)
            }
            _ => {
                assert_eq!(request.header("authorization"), Some("Bearer ya29.token"));
                objects.answer(request)
            }
        }
    });
    let (directory, url) = (tempfile::tempdir().unwrap(), host.url());
    let file = directory.path().join("credentials.json");
    let source = serde_json::json!({
        "url": format!("{url}/oidc"),
        "headers": { "Authorization": "Bearer runner" },
        "format": { "type": "json", "subject_token_field_name": "value" },
    });
    let account = |impersonation: &str| {
        serde_json::json!({
            "type": "external_account",
            "audience": "pool",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": format!("{url}/sts"),
            "service_account_impersonation_url": format!("{url}{impersonation}"),
            "credential_source": source,
        })
    };
    let shown = file.display().to_string();
    let store = || {
        let env = [("GOOGLE_APPLICATION_CREDENTIALS", &*shown), ("GOOGLE_BASE_URL", &*url)];
        engine(BucketProvider::GoogleCloud, env, None)
    };
    std::fs::write(&file, account("/impersonate").to_string()).unwrap();
    assert_conditional(&store(), 0);
    let exchanges = host.take_seen().iter().filter(|seen| seen.path == "/sts").count();
    assert_eq!(exchanges, 1);

    let refused = FakeHost::start(|_| FakeResponse::new(400, r#"{"error": "invalid_grant"}"#));
    let account = account("").to_string().replace(&format!("{url}/sts"), &refused.url());
    std::fs::write(&file, account).unwrap();
    let error = store().read(&name(0), LIMIT).unwrap_err().error;
    assert_eq!(error.message, "no Google Cloud credentials for the store gs://tokens/ci/a%20b");
    let cause = format!("127.0.0.1:{} answered HTTP 400 invalid_grant", refused.port);
    assert_eq!(error.cause, Some(cause));
}
