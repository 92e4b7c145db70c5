//! TLS settings, made once for a process when the first connection needs them.

use std::path::Path;
use std::sync::{Arc, Mutex};

use rustls::ClientConfig;
use rustls::time_provider::{DefaultTimeProvider, TimeProvider};

use super::pinned::Pinned;
use super::roots::{self, Roots};
use crate::context::Context;
use crate::error::{Error, Kind, Result};
use crate::sync;

/// Trusted certificates and how they are verified. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Tls {
    pub(super) roots: Roots,
    config: ClientConfig,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alpn {
    Http1,
    Http2,
    /// Offers both; the host chooses one.
    Either,
    /// Offers no protocol: for one without an identifier, such as that of Redis.
    Unset,
}

/// [`Tls`] of a process, empty until the first call.
#[derive(Default)]
pub(super) struct SharedTls(Mutex<Option<Tls>>);

impl SharedTls {
    /// # Errors
    /// `Configuration` when the trusted certificates are unusable; the next call tries
    /// again.
    pub(super) fn get(&self, ca_file: Option<&Path>, context: &Context) -> Result<Tls> {
        let mut shared = sync::lock(&self.0);
        if let Some(tls) = &*shared {
            return Ok(tls.clone());
        }
        let roots = roots::load(ca_file, &context.env, &context.reporter)?;
        let tls = Tls::new(roots, Arc::new(DefaultTimeProvider))?;
        Ok(shared.insert(tls).clone())
    }
}

impl Tls {
    /// TLS 1.2 and 1.3 by ring: the default provider would spend as much time on
    /// gathering entropy as the whole mint takes. Certificates are judged by `time`.
    fn new(roots: Roots, time: Arc<dyn TimeProvider>) -> Result<Tls> {
        let failed = || Error::new(Kind::Configuration, "TLS cannot be set up");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_details(provider.clone(), time)
            .with_safe_default_protocol_versions()
            .map_err(|error| failed().with_source(error))?;
        let config = if roots.named.is_empty() {
            config.with_root_certificates(roots.store.clone())
        } else {
            let pinned = Pinned::new(roots.store.clone(), roots.named.clone(), provider);
            let pinned = pinned.map_err(|error| failed().with_source(error))?;
            config.dangerous().with_custom_certificate_verifier(Arc::new(pinned))
        };
        Ok(Tls { roots, config: config.with_no_client_auth() })
    }

    pub(super) fn with_time(&self, time: Arc<dyn TimeProvider>) -> Result<Tls> {
        Tls::new(self.roots.clone(), time)
    }

    pub(super) fn client_config(&self, alpn: Alpn) -> ClientConfig {
        let mut config = self.config.clone();
        let protocols: &[&[u8]] = match alpn {
            Alpn::Http1 => &[b"http/1.1"],
            Alpn::Http2 => &[b"h2"],
            Alpn::Either => &[b"h2", b"http/1.1"],
            Alpn::Unset => &[],
        };
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        config
    }
}
