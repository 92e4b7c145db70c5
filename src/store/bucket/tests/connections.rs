//! Connections: when there are none yet, and when they break.

use std::sync::Mutex;

use super::fake::FakeHost;
use super::fake_objects::FakeObjects;
use super::*;

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
