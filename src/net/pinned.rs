//! Accepts a server's certificate that `--ca-file` contains itself.
//!
//! `openssl req -x509` makes certificates of authorities (`CA:TRUE`), and people use them
//! for servers. webpki refuses an authority's certificate for a server. But a server that
//! presents exactly the certificate in `--ca-file` is the intended one, if its name and its
//! validity are right.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::roots::Certificates;

#[derive(Debug)]
pub(super) struct Pinned {
    inner: Arc<WebPkiServerVerifier>,
    certificates: Certificates,
}

impl Pinned {
    /// Trusts `roots` as always, and each of `certificates` as a server's own.
    ///
    /// # Errors
    /// When `roots` is empty.
    pub(super) fn new(
        roots: Arc<RootCertStore>,
        certificates: Certificates,
        provider: Arc<CryptoProvider>,
    ) -> Result<Pinned, rustls::client::VerifierBuilderError> {
        let inner = WebPkiServerVerifier::builder_with_provider(roots, provider).build()?;
        Ok(Pinned { inner, certificates })
    }
}

/// The error of webpki, for which rustls has no variant of its own.
pub(super) fn webpki_error(error: &CertificateError) -> Option<&webpki::Error> {
    match error {
        CertificateError::Other(other) => other.0.downcast_ref(),
        _ => None,
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.inner.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        // The validity is looked at before this is found.
        let is_authority = |error: &CertificateError| {
            matches!(webpki_error(error), Some(webpki::Error::CaUsedAsEndEntity))
        };
        match verified {
            Err(Error::InvalidCertificate(error))
                if is_authority(&error)
                    && self.certificates.iter().any(|named| named == end_entity) =>
            {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, cert, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, cert, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
