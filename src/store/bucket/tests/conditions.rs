//! Conditional writes on a fake Google Cloud Storage, for want of a real one that tests can start.

use super::fake::FakeHost;
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

fn google(host: &FakeHost) -> BucketStore {
    let env = [("GOOGLE_BASE_URL", &*host.url()), ("GOOGLE_OAUTH_ACCESS_TOKEN", "ya29.token")];
    engine(BucketProvider::GoogleCloud, env, None)
}
