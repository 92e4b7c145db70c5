//! A certificate authority for one run, and the hosts' certificate from it.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;

use super::mint;
use crate::error::{Error, Kind, Result};

/// What the hosts need to speak TLS, and their clients to trust them.
pub(super) struct Tls {
    pub(super) ca_pem: String,
    pub(super) server: Arc<ServerConfig>,
}

impl Tls {
    /// Certificates for `localhost`, the usual loopback addresses and `hosts`.
    ///
    /// They are valid from 1975 to 4096 (the library's default), because the
    /// sandbox's clients may well have clocks that are years off; the hosts'
    /// from the first to the last moment of `validity`, if it is given. The
    /// authority's key is never stored.
    pub(super) fn generate(
        hosts: &[IpAddr],
        validity: Option<(Timestamp, Timestamp)>,
    ) -> Result<Tls> {
        let generate = || -> Result<Tls, anyhow::Error> {
            let ca_key = KeyPair::generate()?;
            let ca_params = authority()?;
            let ca = ca_params.self_signed(&ca_key)?;
            let key = KeyPair::generate()?;
            let issuer = Issuer::new(ca_params, ca_key);
            let mut params = server(hosts)?;
            if let Some((first, last)) = validity {
                let epoch = rcgen::date_time_ymd(1970, 1, 1);
                params.not_before =
                    epoch + first.duration_since(Timestamp::UNIX_EPOCH).unsigned_abs();
                params.not_after =
                    epoch + last.duration_since(Timestamp::UNIX_EPOCH).unsigned_abs();
            }
            let certificate = params.signed_by(&key, &issuer)?;
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let mut config = ServerConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()?
                .with_no_client_auth()
                .with_single_cert(
                    vec![certificate.der().clone()],
                    PrivateKeyDer::Pkcs8(key.serialize_der().into()),
                )?;
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            Ok(Tls { ca_pem: ca.pem(), server: Arc::new(config) })
        };
        generate().map_err(|cause| {
            Error::new(Kind::Configuration, "the sandbox's certificates cannot be made")
                .because(cause)
        })
    }
}

fn authority() -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    // Two runs differ in name, too, so that trusting the wrong one reads as an
    // unknown issuer and not as a forged signature.
    let name = format!("gc-token sandbox CA {}", mint::uuid());
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn server(hosts: &[IpAddr]) -> Result<CertificateParams, rcgen::Error> {
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(String::from).into();
    for host in hosts.iter().map(IpAddr::to_string) {
        if !names.contains(&host) {
            names.push(host);
        }
    }
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, "gc-token sandbox");
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}
