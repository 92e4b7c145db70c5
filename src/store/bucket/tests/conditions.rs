//! Conditional writes, on real servers and on a fake one for Google Cloud Storage.

use std::sync::{Barrier, Mutex};

use hyper::header::{AUTHORIZATION, DATE, HeaderName};
use hyper::{Method, Request};

use super::fake::{FakeHost, FakeObjects, now};
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
