//! Conditional writes on a fake Google Cloud Storage, for want of a real one that tests can start.

use super::fake::{FakeHost, FakeResponse};
use super::fake_objects::FakeObjects;
use super::*;

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

/// A wrong path in an endpoint's URL has no objects, and none can be created there.
#[test]
fn a_host_without_any_object_is_no_store_where_others_are_first() {
    for (kind, body) in [("text/plain", "404 page not found\n"), ("application/json", "{}")] {
        let host =
            FakeHost::start(move |_| FakeResponse::new(404, body).with("Content-Type", kind));
        let store = s3(&host.url());
        assert_eq!(store.read(&name(0), LIMIT).unwrap().record, None);
        let refused = store.swap(&name(0), &Version::Absent, b"one", KEEP, LIMIT).unwrap_err();
        let (fault, message, ..) = parts(&refused);
        assert_eq!(fault, StoreFault::Misconfigured);
        assert!(message.ends_with("is not at its endpoint"), "{message}");
        let version = Version::Present { e_tag: Some("\"a\"".to_owned()), generation: None };
        assert_eq!(store.swap(&name(0), &version, b"one", KEEP, LIMIT).unwrap(), Swap::Lost);
    }
}

fn google(host: &FakeHost) -> BucketStore {
    let env = [("GOOGLE_BASE_URL", &*host.url()), ("GOOGLE_OAUTH_ACCESS_TOKEN", "ya29.token")];
    engine(BucketProvider::GoogleCloud, env, None)
}
