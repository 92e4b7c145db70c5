//! Clocks of machines that are wrong: each request is signed by the store's clock.

use jiff::SignedDuration;

use super::fake::{FakeHost, FakeRequest, FakeResponse, now};
use super::fake_objects::FakeObjects;
use super::signatures::service_account_file;
use super::*;
use crate::store::bucket::amazon::sigv4;
use crate::store::bucket::azure::shared_key;
use crate::store::bucket::google::service_account;

const OFFSETS: [SignedDuration; 4] = [
    SignedDuration::from_mins(20),
    SignedDuration::from_hours(-1),
    SignedDuration::from_hours(24),
    SignedDuration::from_hours(-24 * 3653),
];

/// Checks that a store whose clock is far off answers: the first request once it was signed
/// again, those that follow at once.
fn assert_signed_by_the_stores_clock(
    store: impl Fn(&str) -> BucketStore,
    signed_at: fn(&hyper::http::request::Parts) -> Option<jiff::Timestamp>,
    refusal: (u16, &'static str),
) {
    for offset in OFFSETS {
        let mut objects = FakeObjects { clock_error: offset, ..FakeObjects::default() };
        let is_late = move |request: &FakeRequest| {
            let late = (now() + offset).duration_since(signed_at(&request.head()).unwrap());
            late.abs() > SignedDuration::from_mins(15)
        };
        let host = FakeHost::start(move |request| {
            if is_late(request) {
                let (status, code) = refusal;
                return FakeResponse::refusal(status, code).dated(now() + offset);
            }
            objects.answer(request)
        });
        let store = store(&host.url());
        let absent = store.read(&name(0), LIMIT).unwrap();
        assert_eq!(absent.version, Version::Absent, "{offset}");
        let shown = absent.clock.unwrap().offset;
        let tolerance = SignedDuration::from_secs(5);
        assert!(shown.min < offset + tolerance && shown.max > offset - tolerance, "{shown}");
        assert_eq!(host.take_seen().len(), 2);

        let swap = store.swap(&name(0), &Version::Absent, b"x", KEEP, LIMIT).unwrap();
        assert!(matches!(swap, Swap::Won(_)));
        assert_eq!(store.read(&name(0), LIMIT).unwrap().record.as_deref(), Some(&b"x"[..]));
        assert_eq!(host.take_seen().len(), 2);
    }
}

#[test]
fn s3_is_signed_by_its_own_clock() {
    assert_signed_by_the_stores_clock(s3, sigv4::signed_at, (403, "RequestTimeTooSkewed"));
}

#[test]
fn azure_is_signed_by_its_own_clock() {
    let store = |endpoint: &str| {
        let key = [
            ("AZURE_STORAGE_ACCOUNT_NAME", "account"),
            ("AZURE_STORAGE_ACCOUNT_KEY", "c2VjcmV0"),
            ("AZURE_STORAGE_ENDPOINT", endpoint),
        ];
        engine(BucketProvider::Azure, key, None)
    };
    let refusal = (403, "AuthenticationFailed");
    assert_signed_by_the_stores_clock(store, shared_key::signed_at, refusal);
}

#[test]
fn google_is_signed_by_its_own_clock() {
    let directory = tempfile::tempdir().unwrap();
    let Some(file) = service_account_file(directory.path()) else { return };
    let store = |endpoint: &str| {
        let file = [("GOOGLE_APPLICATION_CREDENTIALS", &*file), ("GOOGLE_BASE_URL", endpoint)];
        engine(BucketProvider::GoogleCloud, file, None)
    };
    let refusal = (401, "AuthenticationRequired");
    assert_signed_by_the_stores_clock(store, service_account::signed_at, refusal);
}

#[test]
fn a_wrong_key_is_sent_once_where_clocks_agree() {
    let host = FakeHost::start(|_| FakeResponse::refusal(403, "SignatureDoesNotMatch"));
    s3(&host.url()).read(&name(0), LIMIT).unwrap_err();
    assert_eq!(host.take_seen().len(), 1);
}

#[test]
fn the_age_of_a_record_is_by_the_stores_clock() {
    let host = FakeHost::start(|_| {
        FakeResponse::new(200, "record")
            .with("ETag", "\"1\"")
            .with("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT")
            .with("Date", "Sun, 06 Nov 1994 08:49:40 GMT")
    });
    let shown = s3(&host.url()).read(&name(0), LIMIT).unwrap();
    assert_eq!(shown.age, Some(SignedDuration::from_secs(3)));
}
