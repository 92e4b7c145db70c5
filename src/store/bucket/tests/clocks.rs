//! Clocks of machines that are wrong: each request is signed by the store's clock.

use std::io::Write;
use std::process::Command;

use jiff::SignedDuration;

use super::fake::{FakeHost, FakeObjects, FakeRequest, FakeResponse, now};
use super::real::{RealServer, missing};
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

/// The endpoint for the process whose clock is wrong.
const ENDPOINT: &str = "GC_TOKEN_TEST_STORE_ENDPOINT";

/// Versity's gateway refuses what was signed a quarter of an hour ago, or in the future.
#[test]
fn a_real_server_accepts_requests_of_a_machine_whose_clock_is_wrong() {
    let Some(server) = RealServer::versity() else { return };
    let libraries = ["x86_64-linux-gnu", "aarch64-linux-gnu"]
        .map(|system| format!("/usr/lib/{system}/faketime/libfaketimeMT.so.1"));
    let Some(library) = libraries.iter().find(|library| std::path::Path::new(library).exists())
    else {
        missing("libfaketime", true);
        return;
    };
    for (number, offset) in ["+20m", "-1h", "+1d", "-1d", "+0"].iter().enumerate() {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::bucket::tests::clocks::under_a_wrong_clock", "--nocapture"])
            .env("LD_PRELOAD", library)
            .env("FAKETIME", offset)
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .env(ENDPOINT, format!("{} {}", server.url(), number * 100))
            .output()
            .unwrap();
        let output = String::from_utf8_lossy(&child.stderr);
        assert!(child.status.success(), "{offset}: {output}");
        assert!(output.contains("conditional under a wrong clock"), "{offset}: {output}");
    }
}

/// Runs in the process whose clock is wrong, and is empty elsewhere.
#[test]
fn under_a_wrong_clock() {
    let Some(endpoint) = Environment::of_process().text(ENDPOINT) else { return };
    let (endpoint, number) = endpoint.split_once(' ').unwrap();
    assert_conditional(&s3(endpoint), number.parse().unwrap());
    std::io::stderr().write_all(b"conditional under a wrong clock\n").unwrap();
}
