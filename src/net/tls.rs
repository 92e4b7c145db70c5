//! TLS for those who make many connections: the trusted certificates are read
//! when the first one needs them, and once.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use rustls::ClientConfig;
use rustls::time_provider::DefaultTimeProvider;

use super::client::tls;
use super::roots::{self, Roots};
use crate::config::NetworkSettings;
use crate::context::{Context, Environment, Reporter};
use crate::error::Result;

/// Whom to trust, and the environment that decides on it and on proxies.
pub(crate) struct TlsContext {
    ca_file: Option<PathBuf>,
    pub(super) env: Environment,
    reporter: Arc<Reporter>,
    tls: OnceLock<ClientConfig>,
}

impl TlsContext {
    /// As settings and environment say.
    pub(crate) fn new(network: &NetworkSettings, context: &Context) -> TlsContext {
        TlsContext {
            ca_file: network.ca_file.clone(),
            env: context.env.clone(),
            reporter: context.reporter.clone(),
            tls: OnceLock::new(),
        }
    }

    /// TLS that trusts them.
    ///
    /// # Errors
    /// `Configuration` when the trusted certificates are unusable.
    pub(super) fn tls(&self) -> Result<ClientConfig> {
        if let Some(tls) = self.tls.get() {
            return Ok(tls.clone());
        }
        let tls = of(&roots::load(self.ca_file.as_deref(), &self.env, &self.reporter)?)?;
        Ok(self.tls.get_or_init(|| tls).clone())
    }

    /// TLS that trusts nobody: for what speaks none.
    pub(super) fn without_roots() -> Result<ClientConfig> {
        of(&Roots::none())
    }
}

/// Connectors say by themselves what they speak.
fn of(roots: &Roots) -> Result<ClientConfig> {
    let mut tls = tls(roots, Arc::new(DefaultTimeProvider))?;
    tls.alpn_protocols.clear();
    Ok(tls)
}
