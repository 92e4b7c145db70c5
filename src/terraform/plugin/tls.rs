//! Mutual TLS with certificates for one process (go-plugin's AutoMTLS). Each side knows the
//! other's certificate in advance: there is no certificate authority, and no validity
//! period to compare with a clock.

use std::sync::Arc;

use p521::ecdsa::signature::Verifier as _;
use p521::ecdsa::{DerSignature, VerifyingKey};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls13_signature};
use rustls::pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, PrivatePkcs8KeyDer,
    SignatureVerificationAlgorithm, UnixTime, alg_id,
};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, PeerIncompatible, ServerConfig,
    SignatureScheme,
};
use tokio_rustls::TlsAcceptor;

use crate::error::{Error, Kind, Result};

pub(super) struct ServerIdentity {
    pub(super) acceptor: TlsAcceptor,
    /// Announced to the client by the handshake line.
    pub(super) certificate: CertificateDer<'static>,
}

impl ServerIdentity {
    /// Creates a key and a certificate for a server that accepts only `client`.
    pub(super) fn new(client: CertificateDer<'static>) -> Result<ServerIdentity> {
        let (key, certificate) = self_signed().map_err(failed)?;
        let provider = Arc::new(ring::default_provider());
        let verifier = PinnedClient { client, others: provider.signature_verification_algorithms };
        let mut config = server_config(provider, verifier, &key, &certificate).map_err(failed)?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        // Tickets speed up a second connection, and there is none.
        config.send_tls13_tickets = 0;
        Ok(ServerIdentity { acceptor: TlsAcceptor::from(Arc::new(config)), certificate })
    }
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Kind::System, "cannot set up TLS for Terraform").with_source(error)
}

/// Creates a P-256 key and a certificate for `localhost`, the server name that go-plugin's
/// client expects.
fn self_signed() -> Result<(KeyPair, CertificateDer<'static>), rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(["localhost".to_owned()])?;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = params.self_signed(&key)?;
    Ok((key, certificate.der().clone()))
}

fn server_config(
    provider: Arc<CryptoProvider>,
    verifier: PinnedClient,
    key: &KeyPair,
    certificate: &CertificateDer<'static>,
) -> Result<ServerConfig, rustls::Error> {
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(Arc::new(verifier))
        .with_single_cert(vec![certificate.clone()], key.into())
}

/// Accepts one certificate, byte for byte, and a signature by its key.
///
/// rustls's own verifier does not: webpki refuses a certificate that is both an authority
/// and a leaf, and ring does not support the curve of its key, P-521.
#[derive(Debug)]
struct PinnedClient {
    client: CertificateDer<'static>,
    /// Algorithms for clients with another curve.
    others: WebPkiSupportedAlgorithms,
}

impl ClientCertVerifier for PinnedClient {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        if *end_entity == self.client {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(PeerIncompatible::Tls12NotOfferedOrEnabled.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = match dss.scheme {
            SignatureScheme::ECDSA_NISTP521_SHA512 => &ECDSA_P521,
            _ => &self.others,
        };
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = ECDSA_P521.supported_schemes();
        schemes.extend(self.others.supported_schemes());
        schemes
    }
}

static ECDSA_P521: WebPkiSupportedAlgorithms = WebPkiSupportedAlgorithms {
    all: &[&EcdsaP521Sha512],
    mapping: &[(SignatureScheme::ECDSA_NISTP521_SHA512, &[&EcdsaP521Sha512])],
};

/// `ecdsa_secp521r1_sha512` of RFC 8446 section 4.2.3.
#[derive(Debug)]
struct EcdsaP521Sha512;

impl SignatureVerificationAlgorithm for EcdsaP521Sha512 {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let key = VerifyingKey::from_sec1_bytes(public_key).map_err(|_| InvalidSignature)?;
        let signature = DerSignature::from_bytes(signature).map_err(|_| InvalidSignature)?;
        key.verify(message, &signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P521
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_SHA512
    }
}

#[cfg(test)]
mod tests {
    use p521::ecdsa::SigningKey;
    use p521::ecdsa::signature::Signer as _;

    use super::*;

    fn key(scalar: u8) -> (SigningKey, Vec<u8>) {
        let mut bytes = [0; 66];
        bytes[65] = scalar;
        let key = SigningKey::from_slice(&bytes).unwrap();
        let public = VerifyingKey::from(&key).to_sec1_point(false);
        (key, public.as_bytes().to_vec())
    }

    #[test]
    fn a_signature_on_go_plugins_curve_is_verified() {
        let ((key, public), (_, other)) = (key(7), key(8));
        let signature: DerSignature = key.sign(b"message");
        let verify = |public: &[u8], message: &[u8], signature: &[u8]| {
            EcdsaP521Sha512.verify_signature(public, message, signature).is_ok()
        };
        assert!(verify(&public, b"message", signature.as_bytes()));
        assert!(!verify(&public, b"another", signature.as_bytes()));
        assert!(!verify(&other, b"message", signature.as_bytes()));
        assert!(!verify(&public, b"message", b"garbage"));
        assert!(!verify(b"garbage", b"message", signature.as_bytes()));
        assert!(!verify(&[], b"message", &[]));
    }
}
