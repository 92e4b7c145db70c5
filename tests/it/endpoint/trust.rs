//! The way to the issuer: addresses, certificates, proxies.

use std::time::Duration;

use gc_token::internals::clock::OffsetEstimate;
use gc_token::internals::context::{Clock, SystemClock};
use gc_token::internals::error::Kind;
use rustls::pki_types::CertificateDer;

use crate::common::port::dead_port;
use crate::endpoint::server::{Server, Step, reply};
use crate::endpoint::setup::{GOOD, Mint, Setup};

#[test]
fn ways_to_miss_the_issuer_are_told_apart() {
    let second = Duration::from_secs(1);
    let port = dead_port();
    let setup = Setup::of(format!("http://127.0.0.1:{port}/")).timeout(second);
    let cause = setup.mint().error().cause.unwrap();
    let begin = format!("127.0.0.1:{port} refused the connection: nothing listens there");
    assert!(cause.starts_with(&begin), "{cause}");

    // A label of 64 characters is refused before any name server is asked.
    let host = format!("{}.invalid", "x".repeat(64));
    let setup = Setup::of(format!("http://{host}/")).timeout(second);
    let cause = setup.mint().error().cause.unwrap();
    let begin = format!("the name of {host} cannot be resolved (DNS)");
    assert!(cause.starts_with(&begin), "{cause}");

    let server = Server::start(vec![Step::Send(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec())]);
    let error = Setup::http(&server).mint().error();
    let cause = format!("127.0.0.1:{} does not speak HTTP/1.1", server.port);
    assert_eq!(error.cause, Some(cause));
    assert_eq!(server.requests().len(), 1);
}

/// A self-signed certificate for `name`, valid from the first to the last of
/// these years, as PEM and with its key.
pub(crate) fn certificate(
    name: &str,
    years: (i32, i32),
) -> (String, CertificateDer<'static>, Vec<u8>) {
    self_signed(rcgen::CertificateParams::new([name.to_owned()]).unwrap(), name, years)
}

fn self_signed(
    mut params: rcgen::CertificateParams,
    name: &str,
    years: (i32, i32),
) -> (String, CertificateDer<'static>, Vec<u8>) {
    let subject = format!("{name} {years:?}");
    let subject_type = rcgen::DnType::CommonName;
    params.distinguished_name.push(subject_type, subject);
    params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
    params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    let cert = params.self_signed(&key).unwrap();
    (cert.pem(), cert.der().clone(), key.serialize_der())
}

/// Mints over TLS with a certificate for `name`, trusted or not.
fn mint_over_tls(name: &str, years: (i32, i32), trusted: bool) -> (Mint, Server) {
    mint_over_tls_knowing(None, name, years, trusted)
}

/// Mints with the dates of earlier contacts.
fn mint_over_tls_knowing(
    known: Option<OffsetEstimate>,
    name: &str,
    years: (i32, i32),
    trusted: bool,
) -> (Mint, Server) {
    let (pem, der, key) = certificate(name, years);
    let server = Server::start_tls(vec![reply(200, "", GOOD)], der, key);
    let dir = tempfile::tempdir().unwrap();
    let write = |file: &str, pem: String| {
        let path = dir.path().join(file);
        std::fs::write(&path, pem).unwrap();
        path
    };
    let other = write("other.pem", certificate("other", (2020, 2100)).0);
    let mut setup = Setup::of(format!("https://127.0.0.1:{}/oauth/token", server.port));
    setup.env = [("SSL_CERT_FILE", other.to_str().unwrap())].into();
    setup.known = known;
    if trusted {
        setup.network.ca_file = Some(write("ca.pem", pem));
    }
    (setup.mint(), server)
}

#[test]
fn tls_trusts_the_ca_file() {
    let (mint, server) = mint_over_tls("127.0.0.1", (2020, 2100), true);
    mint.token();
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_certificate_that_cannot_be_trusted_gets_no_secret_and_says_why() {
    let year = jiff::tz::TimeZone::UTC.to_datetime(SystemClock::default().read().wall).year();
    let clock = format!("this machine's clock shows {year}-");
    for (name, years, trusted, cause, hint) in [
        (
            "127.0.0.1",
            (2020, 2100),
            false,
            "its certificate is signed by an authority that is not trusted here",
            "--ca-file",
        ),
        (
            "127.0.0.1",
            (2001, 2002),
            true,
            &format!("its certificate has expired; {clock}"),
            "set the clock",
        ),
        (
            "127.0.0.1",
            (2099, 2100),
            true,
            &format!("its certificate is not valid yet; {clock}"),
            "set the clock",
        ),
        (
            "example.com",
            (2020, 2100),
            true,
            "its certificate is for another host",
            "check the host's name",
        ),
    ] {
        let (mint, server) = mint_over_tls(name, years, trusted);
        let error = mint.error();
        let begin = format!("127.0.0.1:{} cannot be trusted: {cause}", server.port);
        assert!(error.cause.as_ref().unwrap().starts_with(&begin), "{error}");
        assert!(error.hint.as_ref().unwrap().contains(hint), "{error}");
        assert_eq!(error.kind, Kind::Unavailable);
        assert_eq!(error.message, format!("no token from 127.0.0.1:{}", server.port));
        // A host whose certificate is out of date is asked for the time.
        for request in server.requests() {
            assert!(request.starts_with("HEAD / HTTP/1.1\r\n"), "{request}");
            assert!(!request.contains("uthorization"), "{request}");
            assert!(years != (2020, 2100), "{request}");
        }
    }
}

/// Makes a certificate like `openssl req -x509`: an authority's (`CA:TRUE`), with these names.
fn of_openssl(names: &[&str], years: (i32, i32)) -> (String, CertificateDer<'static>, Vec<u8>) {
    let names = names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut params = rcgen::CertificateParams::new(names).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    self_signed(params, "127.0.0.1", years)
}

/// Mints at a server that shows `shown`, with these certificates in `--ca-file`.
fn mint_pinning(
    shown: (String, CertificateDer<'static>, Vec<u8>),
    named: &[&str],
    variable: &str,
) -> (Mint, Server) {
    let (_, der, key) = shown;
    let server = Server::start_tls(vec![reply(200, "", GOOD)], der, key);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("named.pem");
    std::fs::write(&file, named.concat()).unwrap();
    let mut setup = Setup::of(format!("https://127.0.0.1:{}/oauth/token", server.port));
    match variable {
        "" => setup.network.ca_file = Some(file),
        variable => setup.env = [(variable, file.to_str().unwrap())].into(),
    }
    (setup.mint(), server)
}

#[test]
fn a_self_signed_certificate_of_openssl_is_trusted_where_it_is_named() {
    for variable in ["", "SSL_CERT_FILE"] {
        let shown = of_openssl(&["127.0.0.1"], (2020, 2100));
        let other = certificate("other", (2020, 2100)).0;
        let (mint, server) = mint_pinning(shown.clone(), &[&other, &shown.0], variable);
        mint.token();
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn a_certificate_that_is_named_still_has_to_be_the_right_one() {
    let valid = (2020, 2100);
    let other = of_openssl(&["127.0.0.1"], valid);
    for (shown, named, cause, hint) in [
        // The same names and the same authority's subject, but another key.
        (of_openssl(&["127.0.0.1"], valid), other.0.as_str(), "", "--ca-file"),
        (
            of_openssl(&["example.com"], valid),
            "",
            "is for another host: example.com",
            "host's name",
        ),
        (of_openssl(&[], valid), "", "names no host (no subjectAltName)", "-addext subjectAltName"),
        (of_openssl(&["127.0.0.1"], (2001, 2002)), "", "has expired; ", "set the clock"),
        (of_openssl(&["127.0.0.1"], (2099, 2100)), "", "is not valid yet; ", "set the clock"),
    ] {
        let pem = shown.0.clone();
        let named = if named.is_empty() { &pem } else { named };
        let (mint, server) = mint_pinning(shown, &[named], "");
        let error = mint.error();
        let begin = format!("127.0.0.1:{} cannot be trusted: its certificate {cause}", server.port);
        assert!(error.cause.as_ref().unwrap().starts_with(&begin), "{error}");
        assert!(error.hint.as_ref().unwrap().contains(hint), "{error}");
        assert!(server.requests().iter().all(|request| request.starts_with("HEAD / ")));
    }
}

#[test]
fn an_earlier_contact_tells_that_the_clock_is_wrong() {
    let now = SystemClock::default().read();
    for (date, cause, hint) in [
        ("2001-06-01T00:00:00Z", " days behind (+/- ", "probably wrong"),
        ("2003-06-01T00:00:00Z", " days behind (+/- ", "has to renew it"),
    ] {
        let date = date.parse().unwrap();
        let known = OffsetEstimate::from_date_header(&now, &now, date);
        let (mint, _) = mint_over_tls_knowing(known, "127.0.0.1", (2001, 2002), true);
        let error = mint.error();
        let said = error.cause.as_ref().unwrap();
        let begin = "and its own clock, by an earlier contact, is ";
        assert!(said.contains(begin) && said.contains(cause), "{error}");
        assert!(error.hint.as_ref().unwrap().contains(hint), "{error}");
    }
}

#[test]
fn tls_with_a_server_that_speaks_none_says_so() {
    let server = Server::start(vec![Step::Blurt(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())]);
    let dir = tempfile::tempdir().unwrap();
    let ca = dir.path().join("ca.pem");
    std::fs::write(&ca, certificate("x", (2020, 2100)).0).unwrap();
    let mut setup = Setup::of(format!("https://127.0.0.1:{}/", server.port));
    setup.env = [("SSL_CERT_FILE", ca.to_str().unwrap())].into();
    let error = setup.timeout(Duration::from_secs(2)).mint().error();
    let cause = format!("127.0.0.1:{} does not speak TLS on this port", server.port);
    assert_eq!(error.cause.as_ref(), Some(&cause), "{error}");
}

#[test]
fn a_proxys_failures_name_the_proxy_and_not_its_credentials() {
    let dir = tempfile::tempdir().unwrap();
    let ca = dir.path().join("ca.pem");
    std::fs::write(&ca, certificate("x", (2020, 2100)).0).unwrap();
    let refusing = Server::start(vec![reply(502, "", "")]);
    let wanting = Server::start(vec![reply(407, "", "")]);
    let untunnelled = Server::start(vec![reply(204, "", "")]);
    let verbose = Server::start(vec![reply(200, &"X-A: b\r\n".repeat(300), "")]);
    let garbled = Server::start(vec![Step::Send(b"hello\r\n\r\n".to_vec())]);
    for (port, cause) in [
        (dead_port(), " refused the connection: nothing listens there"),
        (refusing.port, " refused to connect to login.example.invalid"),
        (wanting.port, " requires credentials"),
        (untunnelled.port, " refused to connect to login.example.invalid: HTTP 204"),
        (verbose.port, " answered with a head that is too large"),
        (garbled.port, " does not speak HTTP/1.1"),
    ] {
        let mut setup = Setup::of("https://login.example.invalid/oauth/token".to_owned());
        let proxy = format!("http://me:hunter2@127.0.0.1:{port}");
        setup.env =
            [("HTTPS_PROXY", proxy.as_str()), ("SSL_CERT_FILE", ca.to_str().unwrap())].into();
        let error = setup.timeout(Duration::from_secs(1)).mint().error();
        let begin = format!("the proxy 127.0.0.1:{port}{cause}");
        assert!(error.cause.as_ref().unwrap().starts_with(&begin), "{error}");
        assert_eq!(error.kind, Kind::Unavailable);
    }
    let requests = wanting.requests();
    assert_eq!(requests.len(), 1);
    // me:hunter2, for the proxy; nothing that is meant for the issuer.
    let request = requests[0].to_ascii_lowercase();
    assert!(request.starts_with("connect login.example.invalid:443 "), "{request}");
    assert!(request.contains("proxy-authorization: basic bwu6ahvudgvymg=="), "{request}");
    assert!(!request.contains("\nauthorization"), "{request}");
}

#[test]
fn loopback_is_reached_past_any_proxy() {
    let server = Server::start(vec![reply(200, "", GOOD)]);
    let mut setup = Setup::http(&server);
    let proxy = format!("http://127.0.0.1:{}", dead_port());
    setup.env = [("ALL_PROXY", proxy.as_str())].into();
    setup.mint().token();
}

#[test]
fn an_https_proxy_that_cannot_be_trusted_is_the_one_that_is_named() {
    let (_, der, key) = certificate("127.0.0.1", (2020, 2100));
    let proxy = Server::start_tls(vec![reply(200, "", "")], der, key);
    let dir = tempfile::tempdir().unwrap();
    let ca = dir.path().join("ca.pem");
    std::fs::write(&ca, certificate("x", (2020, 2100)).0).unwrap();
    let mut setup = Setup::of("https://login.example.invalid/oauth/token".to_owned());
    setup.env = [
        ("HTTPS_PROXY", format!("https://127.0.0.1:{}", proxy.port).as_str()),
        ("SSL_CERT_FILE", ca.to_str().unwrap()),
    ]
    .into();
    let error = setup.mint().error();
    let begin = format!("the proxy 127.0.0.1:{} cannot be trusted: ", proxy.port);
    assert!(error.cause.as_ref().unwrap().starts_with(&begin), "{error}");
    assert_eq!(proxy.requests(), [""; 0]);
}
