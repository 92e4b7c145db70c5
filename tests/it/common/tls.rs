//! A TLS client for the plugin.

use std::io;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::ring::{default_provider, sign::any_supported_type};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::UnixStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::plugin::Plugin;

/// A client's key and certificate.
pub struct Identity {
    /// The certificate, as Terraform puts it into `PLUGIN_CLIENT_CERT`.
    pub pem: String,
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
}

impl Identity {
    pub fn new() -> Identity {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Identity {
            pem: certificate.pem(),
            certificate: certificate.der().clone(),
            key: key.serialize_der(),
        }
    }

    /// Returns this key with another identity's certificate.
    pub fn with_certificate_of(&self, other: &Identity) -> Identity {
        Identity {
            pem: other.pem.clone(),
            certificate: other.certificate.clone(),
            key: self.key.clone(),
        }
    }
}

/// Connects to the plugin, and verifies the certificate from its handshake line.
pub async fn connect(
    plugin: &Plugin,
    client: Option<&Identity>,
) -> io::Result<TlsStream<UnixStream>> {
    let mut roots = RootCertStore::empty();
    let server = STANDARD_NO_PAD.decode(&plugin.certificate).unwrap();
    roots.add(server.into()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match client {
        None => config.with_no_client_auth(),
        Some(Identity { certificate, key, .. }) => {
            let key = PrivatePkcs8KeyDer::from(key.clone());
            let key = any_supported_type(&key.into()).unwrap();
            // Does not check that the key and the certificate match.
            let shown = CertifiedKey::new(vec![certificate.clone()], key);
            config.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(shown)))
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    let name = ServerName::try_from("localhost").unwrap();
    let stream = plugin.connect().await;
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}
