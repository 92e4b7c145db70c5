//! Revokes tokens that were minted for this run only, whichever way the run ends.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use crate::config::{NetworkSettings, Settings};
use crate::context::{Context, Reporter};
use crate::error::{Error, Kind, Result};
use crate::net::Session;
use crate::oauth::tokens_me::Api;
use crate::token::{AccessToken, Token};

pub(super) struct Revocations {
    /// Drops warnings, because nobody is left to read them.
    context: Context,
    /// `None` after the run.
    pending: Mutex<Option<BTreeMap<u64, Revocable>>>,
}

struct Revocable {
    token: AccessToken,
    api_url: String,
    network: NetworkSettings,
}

/// Terraform waits only for a short time until a plugin has ended.
const REVOCATION_TIMEOUT: Duration = Duration::from_secs(5);

impl Revocations {
    pub(super) fn new(context: &Context) -> Revocations {
        let context = context.with_reporter(Reporter::to(Box::new(std::io::sink())).into());
        Revocations { context, pending: Mutex::new(Some(BTreeMap::new())) }
    }

    /// Returns the private data for Terraform to keep: a number, because the token must not
    /// leave this process.
    pub(super) fn remember(
        &self,
        token: &Token,
        api_url: String,
        network: &NetworkSettings,
    ) -> Result<Vec<u8>> {
        let mut network = network.clone();
        network.timeout = network.timeout.min(REVOCATION_TIMEOUT);
        let revocable = Revocable { token: token.access_token.clone(), api_url, network };
        let mut pending = self.pending.lock().map_err(|_| poisoned())?;
        let Some(pending) = &mut *pending else {
            // Terraform has given up while the token was minted.
            self.revoke_at_api(&revocable)?;
            return Err(Error::new(Kind::System, "the run ended before the token was minted"));
        };
        let number = pending.last_key_value().map_or(0, |(last, _)| last + 1);
        pending.insert(number, revocable);
        Ok(number.to_string().into_bytes())
    }

    /// Revokes the token for which [`Revocations::remember`] returned `private`, unless that
    /// was done before.
    pub(super) fn revoke(&self, private: &[u8]) -> Result<()> {
        let number = std::str::from_utf8(private).ok().and_then(|text| text.parse().ok());
        let Some(number) = number else { return Ok(()) };
        let mut pending = self.pending.lock().map_err(|_| poisoned())?;
        let revocable = pending.as_mut().and_then(|pending| pending.remove(&number));
        drop(pending);
        revocable.map_or(Ok(()), |revocable| self.revoke_at_api(&revocable))
    }

    /// Revokes the remaining tokens: Terraform closes no resource after a failure or an
    /// interruption.
    pub(super) fn revoke_all(&self) {
        let pending = self.pending.lock().ok().and_then(|mut pending| pending.take());
        for revocable in pending.unwrap_or_default().into_values() {
            // No one reads a message now; the token expires by itself.
            let _ = self.revoke_at_api(&revocable);
        }
    }

    fn revoke_at_api(&self, revocable: &Revocable) -> Result<()> {
        let network = &revocable.network;
        let session = &Session::new(network, &self.context);
        let api = Api { url: &revocable.api_url, session, limit: network.timeout };
        api.revoke(&revocable.token)
    }
}

/// Checked before minting.
pub(super) fn api_url(settings: &Settings) -> Result<String> {
    settings.issuer.api_url.clone().ok_or_else(|| {
        Error::new(Kind::Configuration, "revoke_on_close needs the API of Genesys Cloud")
            .with_cause("neither a region nor an API URL is set")
            .with_attribute("revoke_on_close")
    })
}

fn poisoned() -> Error {
    Error::new(Kind::System, "an earlier call of the provider has panicked")
}
