//! Tokens of this run alone, to be revoked at its end, whichever way it ends.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use crate::config::{NetworkSettings, Settings};
use crate::context::{Context, Reporter};
use crate::error::{Error, Kind, Result};
use crate::net::Session;
use crate::oauth::tokens_me::Api;
use crate::token::{AccessToken, Token};

/// The tokens that are still to be revoked.
pub(super) struct Revocations {
    /// Drops warnings, because nobody is left to read them.
    context: Context,
    /// `None` once the run is over.
    open: Mutex<Option<BTreeMap<u64, Revocable>>>,
}

struct Revocable {
    token: AccessToken,
    api_url: String,
    network: NetworkSettings,
}

/// Terraform waits for the end of a plugin only so long.
const LIMIT: Duration = Duration::from_secs(5);

impl Revocations {
    pub(super) fn new(context: &Context) -> Revocations {
        let context = context.with_reporter(Reporter::to(Box::new(std::io::sink())).into());
        Revocations { context, open: Mutex::new(Some(BTreeMap::new())) }
    }

    /// Diagnostics that the token is to be revoked at `api_url`; returns what
    /// Terraform keeps for it: a number, for the token itself must not leave
    /// this process.
    pub(super) fn remember(
        &self,
        token: &Token,
        api_url: String,
        network: &NetworkSettings,
    ) -> Result<Vec<u8>> {
        let mut network = network.clone();
        network.timeout = network.timeout.min(LIMIT);
        let revocable = Revocable { token: token.access_token.clone(), api_url, network };
        let mut open = self.open.lock().map_err(|_| poisoned())?;
        let Some(open) = &mut *open else {
            // Terraform has given up while the token was being made.
            self.send(&revocable)?;
            return Err(Error::new(Kind::Output, "the run was over before the token was made"));
        };
        let number = open.last_key_value().map_or(0, |(last, _)| last + 1);
        open.insert(number, revocable);
        Ok(number.to_string().into_bytes())
    }

    /// Revokes what [`Revocations::remember`] returned this for; nothing where
    /// it returned none, or that is done already.
    pub(super) fn revoke(&self, private: &[u8]) -> Result<()> {
        let number = std::str::from_utf8(private).ok().and_then(|text| text.parse().ok());
        let Some(number) = number else { return Ok(()) };
        let mut open = self.open.lock().map_err(|_| poisoned())?;
        let revocable = open.as_mut().and_then(|open| open.remove(&number));
        drop(open);
        revocable.map_or(Ok(()), |revocable| self.send(&revocable))
    }

    /// Revokes the rest: Terraform does not close what was open when a
    /// resource failed, or when it was interrupted.
    pub(super) fn revoke_all(&self) {
        let open = self.open.lock().ok().and_then(|mut open| open.take());
        for revocable in open.unwrap_or_default().into_values() {
            // Nobody is left who could be told; the token ends by itself.
            let _ = self.send(&revocable);
        }
    }

    fn send(&self, revocable: &Revocable) -> Result<()> {
        let network = &revocable.network;
        let session = &Session::new(network, &self.context);
        let api = Api { url: &revocable.api_url, session, limit: network.timeout };
        api.revoke(&revocable.token)
    }
}

/// Where tokens of these settings are revoked.
///
/// # Errors
/// `Configuration` when nobody knows: then none is made, either.
pub(super) fn api_of(settings: &Settings) -> Result<String> {
    settings.issuer.api_url.clone().ok_or_else(|| {
        Error::new(Kind::Configuration, "revoke_on_close needs the API of Genesys Cloud")
            .with_cause("no region and no API URL is set")
            .with_attribute("revoke_on_close")
    })
}

fn poisoned() -> Error {
    Error::new(Kind::Output, "an earlier call has failed in the middle of its work")
}
