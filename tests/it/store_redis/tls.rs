//! Redis by TLS. The builds of Valkey that tests can get have none.

use std::path::{Path, PathBuf};

use gc_token::internals::store::{StoreFault, Version};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use crate::common::servers::free_port;
use crate::common::servers::redis::RedisServer;
use crate::common::store_machine::{Machine, error_of, name, won};
use crate::common::{missing, program};

/// An authority, and the certificates that it has signed.
struct Authority {
    dir: tempfile::TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("ca.pem"), issuer.pem()).unwrap();
        Authority { dir, issuer }
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    /// Signs a certificate for `host`, valid for these years.
    fn sign(&self, host: &str, years: (i32, i32)) -> (PathBuf, PathBuf) {
        let mut params = CertificateParams::new([host.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
        params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let write = |name: &str, pem: String| {
            let path = self.dir.path().join(name);
            std::fs::write(&path, pem).unwrap();
            path
        };
        (write("server.pem", certificate.pem()), write("server.key", key.serialize_pem()))
    }
}

/// Starts Redis with TLS on the port that is returned.
fn start(authority: &Authority, host: &str, years: (i32, i32)) -> Option<(RedisServer, u16)> {
    let Some(redis) = program("redis-server") else {
        missing("redis-server");
        return None;
    };
    let (certificate, key) = authority.sign(host, years);
    let port = free_port();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let (certificate, key, ca) = (text(&certificate), text(&key), text(&authority.file()));
    let server = RedisServer::start_program(
        &redis,
        &[
            "--tls-port",
            &port.to_string(),
            "--tls-cert-file",
            &certificate,
            "--tls-key-file",
            &key,
            "--tls-ca-cert-file",
            &ca,
            "--tls-auth-clients",
            "no",
        ],
    );
    Some((server, port))
}

#[test]
fn a_private_authority_is_trusted_by_name_alone() {
    let (own, other) = (Authority::new("own"), Authority::new("other"));
    let Some((server, port)) = start(&own, "127.0.0.1", (2020, 2100)) else {
        return;
    };
    let location = format!("rediss://127.0.0.1:{port}");
    let with = |ca: &Authority| {
        Machine::with(&location, &[("GC_TOKEN_CA_FILE", ca.file().to_str().unwrap())])
    };
    won(with(&own).client().swap(&name(1), &Version::Absent, b"x").unwrap());
    let error = error_of(with(&other).client().read(&name(1)));
    assert_eq!(error.fault, StoreFault::Misconfigured);
    assert_eq!(error.error.message, format!("the store {location}/0 cannot be reached"));
    let cause = format!(
        "127.0.0.1:{port} cannot be trusted: its certificate is signed by an authority that is \
         not trusted here"
    );
    assert_eq!(error.error.cause, Some(cause));
    let hint = error.error.hint.unwrap();
    assert!(hint.contains("the store is your own, name its CA with --ca-file"), "{hint}");

    server.set(&["CONFIG", "SET", "tls-auth-clients", "yes"]);
    // The alert is lost where the connection is reset at once.
    let cause =
        format!("127.0.0.1:{port} wants a client certificate (mutual TLS), and gc-token has none");
    let error = (0..100)
        .map(|_| error_of(with(&own).client().read(&name(1))))
        .find(|error| error.error.cause.as_ref() == Some(&cause))
        .unwrap();
    assert_eq!(error.fault, StoreFault::Misconfigured);
    let hint = "have the server ask for none (tls-auth-clients no)";
    assert_eq!(error.error.hint.as_deref(), Some(hint));
}

#[test]
fn a_certificate_for_another_host_or_time_is_told() {
    for (host, years, fault, cause, hint) in [
        (
            "redis.example",
            (2020, 2100),
            StoreFault::Misconfigured,
            "its certificate is for another host",
            "check the host's name",
        ),
        (
            "127.0.0.1",
            (2001, 2002),
            StoreFault::Unavailable,
            "its certificate has expired; this machine's clock shows ",
            "set the clock",
        ),
    ] {
        let authority = Authority::new("own");
        let Some((_server, port)) = start(&authority, host, years) else {
            return;
        };
        let ca = authority.file();
        let variables = [("GC_TOKEN_CA_FILE", ca.to_str().unwrap())];
        let location = format!("rediss://127.0.0.1:{port}");
        let error = error_of(Machine::with(&location, &variables).client().read(&name(1)));
        assert_eq!(error.fault, fault, "{error:?}");
        let begin = format!("127.0.0.1:{port} cannot be trusted: {cause}");
        assert!(error.error.cause.as_ref().unwrap().starts_with(&begin), "{error:?}");
        assert!(error.error.hint.unwrap().contains(hint));
    }
}

#[test]
fn plain_redis_and_tls_do_not_take_each_other_for_a_slow_server() {
    let authority = Authority::new("own");
    let Some((server, port)) = start(&authority, "127.0.0.1", (2020, 2100)) else {
        return;
    };
    let error = error_of(Machine::of(&format!("redis://127.0.0.1:{port}")).client().read(&name(1)));
    assert_eq!(error.fault, StoreFault::Unavailable);
    let hint = error.error.hint.as_ref().unwrap();
    assert!(hint.ends_with("the location begins with rediss:"), "{error:?}");

    let ca = authority.file();
    let location = format!("rediss://127.0.0.1:{}", server.port());
    let machine = Machine::with(&location, &[("GC_TOKEN_CA_FILE", ca.to_str().unwrap())]);
    // The server waits for more, or closes, as the random part of the handshake has it.
    for _ in 0..20 {
        let limit = std::time::Duration::from_millis(200);
        let error = error_of(machine.client().read_within(&name(1), limit));
        let hint = error.error.hint.as_ref().unwrap();
        assert!(hint.ends_with("the location begins with redis:"), "{error:?}");
    }
}
