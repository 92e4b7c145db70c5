//! Verifies the certificates with rustls, as a client that trusts the authority.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{CertificateError, ClientConfig, ClientConnection, RootCertStore, ServerConnection};

use super::*;
use crate::clock::tests::reading;
use crate::clock::{Offset, OffsetEstimate};
use crate::proxy::intercept::hosts::tests::ireland;
use crate::token::tests::token;

#[cfg(target_os = "linux")]
mod memory;

const DAY: i64 = 24 * 60 * 60;

/// The clock of a client, in Unix seconds.
#[derive(Debug)]
struct At(i64);

impl TimeProvider for At {
    fn current_time(&self) -> Option<UnixTime> {
        let second = u64::try_from(self.0).ok()?;
        Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(second)))
    }
}

/// Performs a handshake with a client that trusts `ca` and connects to `name` at `now`.
fn judge(ca: &str, tls: &Arc<ServerConfig>, name: &str, now: i64) -> Result<(), CertificateError> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_details(provider, Arc::new(At(now)))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut server = ServerConnection::new(tls.clone()).unwrap();
    while client.is_handshaking() {
        transfer(|wire| client.write_tls(wire), |wire| server.read_tls(wire));
        server.process_new_packets().unwrap();
        transfer(|wire| server.write_tls(wire), |wire| client.read_tls(wire));
        match client.process_new_packets() {
            Ok(_) => {}
            Err(rustls::Error::InvalidCertificate(why)) => return Err(why),
            Err(other) => panic!("{other}"),
        }
    }
    Ok(())
}

fn transfer(
    write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<usize>,
    mut read: impl FnMut(&mut &[u8]) -> std::io::Result<usize>,
) {
    let mut wire = Vec::new();
    write(&mut wire).unwrap();
    let mut wire = wire.as_slice();
    while !wire.is_empty() {
        read(&mut wire).unwrap();
    }
}

fn seconds(first: i64, last: i64) -> ValidityPeriod {
    (Timestamp::from_second(first).unwrap(), Timestamp::from_second(last).unwrap())
}

/// Verifies a certificate for `name` that was signed with a stolen key of the authority.
fn judge_forged(name: &str) -> Result<(), CertificateError> {
    let ca_key = KeyPair::generate().unwrap();
    let ca_params = ca_params("mypurecloud.ie", seconds(0, DAY)).unwrap();
    let pem = ca_params.self_signed(&ca_key).unwrap().pem();
    let issuer = Issuer::from_params(&ca_params, &ca_key);
    let key = KeyPair::generate().unwrap();
    let mut params = certificate::server_params("forged", vec![name.to_owned()]).unwrap();
    certificate::set_validity(&mut params, seconds(0, DAY).0, seconds(0, DAY).1);
    let tls = certificate::server_config(&params.signed_by(&key, &issuer).unwrap(), &key).unwrap();
    judge(&pem, &tls, name, DAY / 2)
}

#[test]
fn the_certificate_is_for_the_intercepted_hosts() {
    let authority = RunCa::new(&ireland(), seconds(0, DAY)).unwrap();
    let judge = |name| judge(&authority.pem, &authority.tls, name, DAY / 2);
    for name in ["login.mypurecloud.ie", "api.mypurecloud.ie", "apps.mypurecloud.ie"] {
        assert_eq!(judge(name), Ok(()), "{name}");
    }
    for name in ["mypurecloud.ie", "streaming.mypurecloud.ie", "api.mypurecloud.de", "127.0.0.1"] {
        assert!(judge(name).is_err(), "{name}");
    }
}

#[test]
fn the_authority_is_limited_to_the_domain() {
    assert_eq!(judge_forged("api.mypurecloud.ie"), Ok(()));
    for name in
        ["api.mypurecloud.de", "evilmypurecloud.ie", "mypurecloud.ie.example", "127.0.0.1", "::1"]
    {
        let refused = judge_forged(name).unwrap_err();
        assert!(format!("{refused:?}").contains("NameConstraintViolation"), "{name}: {refused:?}");
    }
}

#[test]
fn a_certificate_is_valid_within_its_period() {
    let authority = RunCa::new(&ireland(), seconds(DAY, 3 * DAY)).unwrap();
    let judge = |now| judge(&authority.pem, &authority.tls, "api.mypurecloud.ie", now);
    assert!(matches!(judge(DAY - 1), Err(CertificateError::NotValidYetContext { .. })));
    assert_eq!(judge(DAY), Ok(()));
    assert_eq!(judge(3 * DAY), Ok(()));
    assert!(matches!(judge(3 * DAY + 1), Err(CertificateError::ExpiredContext { .. })));
}

#[test]
fn the_period_covers_every_clock_with_room_to_spare() {
    let mut token = token("t", 300).validity;
    let now = reading(100, 1_000_000_000);
    let days = |(first, last): ValidityPeriod| {
        let since = |moment: Timestamp| moment.duration_since(now.wall).as_hours();
        (since(first), since(last))
    };
    assert_eq!(days(validity_period(&now, &token)), (-24, 365 * 24));
    let ahead = |hours| {
        let offset = SignedDuration::from_hours(hours);
        Some(OffsetEstimate {
            at: now.clone(),
            offset: Offset { min: offset, max: offset },
            contacts: 1,
        })
    };
    (token.issuer_clock, token.api_clock) = (ahead(-50), ahead(70));
    assert_eq!(days(validity_period(&now, &token)), (-74, 70 + 365 * 24));
    (token.issuer_clock, token.api_clock) = (ahead(2), None);
    assert_eq!(days(validity_period(&now, &token)), (-24, 2 + 365 * 24));
}

#[test]
fn the_authorities_of_two_runs_differ_in_name() {
    let subject = || {
        let authority = RunCa::new(&ireland(), seconds(0, DAY)).unwrap();
        let der = CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(der).unwrap();
        roots.roots[0].subject.to_vec()
    };
    assert_ne!(subject(), subject());
}
