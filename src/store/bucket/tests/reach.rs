//! Hosts that cannot be reached, or that nobody should trust.

use std::net::TcpListener;

use rcgen::KeyPair;

use super::fake::{FakeHost, Front, now};
use super::fake_objects::FakeObjects;
use super::*;
use crate::certificate::{ca_params, server_config, server_params, set_validity};
use crate::store::StoreFault::{Misconfigured, Unavailable};

#[test]
fn a_port_without_a_server_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = s3(&format!("http://127.0.0.1:{port}")).read(&name(0), LIMIT).unwrap_err();
    let (fault, message, cause, hint) = parts(&error);
    assert_eq!((fault, message), (Unavailable, "the store s3://tokens/ci/a%20b is not reachable"));
    let refused = format!("127.0.0.1:{port} refused the connection: nothing listens there");
    assert_eq!(cause, refused);
    assert_eq!(hint, "check AWS_ENDPOINT_URL, or allow more time with --store-timeout");
}

#[test]
fn a_host_without_an_address_is_named() {
    let error = s3("https://store.invalid").read(&name(0), LIMIT).unwrap_err();
    let (fault, _, cause, _) = parts(&error);
    assert_eq!(fault, Unavailable);
    assert_eq!(cause, "the name of store.invalid cannot be resolved (DNS)");
}

#[test]
fn plain_http_is_for_this_machine() {
    let error = s3("http://store.example").read(&name(0), LIMIT).unwrap_err();
    let (fault, message, cause, hint) = parts(&error);
    assert_eq!(fault, Misconfigured);
    assert_eq!(message, "the store s3://tokens/ci/a%20b is addressed over plain HTTP");
    assert!(cause.starts_with("store.example is not this machine"), "{cause}");
    assert!(hint.contains("AWS_ALLOW_HTTP=true"), "{hint}");
}

#[test]
fn certificates_that_cannot_be_trusted_are_explained() {
    let ca_key = KeyPair::generate().unwrap();
    let ca_params = ca_params("Store CA".to_owned()).unwrap();
    let ca = ca_params.self_signed(&ca_key).unwrap();
    let issuer = rcgen::Issuer::from_params(&ca_params, &ca_key);
    let directory = tempfile::tempdir().unwrap();
    let ca_file = directory.path().join("ca.pem");
    std::fs::write(&ca_file, ca.pem()).unwrap();
    let host = |name: &str, days: i64| {
        let key = KeyPair::generate().unwrap();
        let mut params = server_params("store", vec![name.to_owned()]).unwrap();
        let day = jiff::SignedDuration::from_hours(24);
        set_validity(&mut params, now() - day * 30, now() + day * days as i32);
        let certificate = params.signed_by(&key, &issuer).unwrap();
        let mut objects = FakeObjects::default();
        let tls = Front::Tls(server_config(&certificate, &key).unwrap());
        FakeHost::start_with(tls, move |request| objects.answer(request))
    };
    let read = |host: &FakeHost, ca_file: Option<PathBuf>| {
        let endpoint = format!("https://localhost:{}", host.port);
        let env = S3_KEYS.into_iter().chain([("AWS_ENDPOINT_URL", &*endpoint)]);
        engine(BucketProvider::S3, env, ca_file).read(&name(0), LIMIT)
    };
    let good = host("localhost", 1);
    assert_eq!(read(&good, Some(ca_file.clone())).unwrap().version, Version::Absent);
    for (host, ca_file, fault, message, cause) in [
        (&good, None, Misconfigured, "cannot be trusted", "an authority that is not trusted here"),
        (
            &host("another.example", 1),
            Some(ca_file.clone()),
            Misconfigured,
            "cannot be trusted",
            "its certificate is for another host",
        ),
        (
            &host("localhost", -1),
            Some(ca_file.clone()),
            Unavailable,
            "is not reachable",
            "its certificate has expired; this machine's clock shows",
        ),
    ] {
        let error = read(host, ca_file).unwrap_err();
        let shown = parts(&error);
        assert_eq!(
            (shown.0, shown.1),
            (fault, &*format!("the store s3://tokens/ci/a%20b {message}"))
        );
        assert!(shown.2.contains(cause), "{}", shown.2);
        assert!(!shown.3.is_empty());
    }
}
