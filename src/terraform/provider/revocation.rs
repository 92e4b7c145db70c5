//! Revokes tokens that were minted for this run only, whichever way the run ends.

use std::sync::Arc;
use std::thread::Builder;

use super::open_resources::OpenResources;
use crate::config::Settings;
use crate::context::{Context, Reporter};
use crate::error::{Error, Kind, Result};
use crate::oauth::{MintedTokens, RevocationEndpoint, RevokedTokens, run_has_ended};

/// The tokens of the open resources.
pub(super) struct Revocations {
    /// Drops warnings, because nobody is left to read them.
    context: Context,
    open: OpenResources<Arc<MintedTokens>>,
}

/// The tokens of one resource, with the number that Terraform keeps for it: a token must not
/// leave this process.
pub(super) struct ResourceTokens {
    pub(super) number: u64,
    pub(super) minted: Arc<MintedTokens>,
}

impl Revocations {
    pub(super) fn new(context: &Context) -> Revocations {
        let context = context.with_reporter(Reporter::to(Box::new(std::io::sink())).into());
        Revocations { context, open: OpenResources::new() }
    }

    /// Records what is minted for one resource.
    ///
    /// # Errors
    /// `Configuration` without an API; `System` after the run.
    pub(super) fn open(&self, settings: &Settings) -> Result<ResourceTokens> {
        let endpoint = RevocationEndpoint::new(
            api_url(settings)?,
            settings.network.clone(),
            self.context.clone(),
        );
        let minted = Arc::new(MintedTokens::new(endpoint, &self.context));
        let number = self.open.insert(minted.clone()).map_err(|_| run_has_ended())?;
        Ok(ResourceTokens { number, minted })
    }

    /// Revokes the tokens of a resource, unless that was done before.
    pub(super) fn close(&self, number: u64) -> Option<RevokedTokens> {
        Some(self.open.remove(number)?.revoke_all())
    }

    /// Revokes the tokens of the resources that are still open: Terraform closes no resource
    /// after a failure or an interruption.
    pub(super) fn close_all(&self) {
        let open: Vec<_> = self.open.end_run().collect();
        std::thread::scope(|scope| {
            for minted in &open {
                // Terraform ends its plugins after two seconds.
                let revoke = || drop(minted.revoke_at_once());
                if Builder::new().spawn_scoped(scope, revoke).is_err() {
                    revoke();
                }
            }
        });
    }
}

/// Checked before minting.
fn api_url(settings: &Settings) -> Result<String> {
    settings.issuer.api_url.clone().ok_or_else(|| {
        Error::new(Kind::Configuration, "revoke_on_close needs the API of Genesys Cloud")
            .with_cause("neither a region nor an API URL is set")
            .with_attribute("revoke_on_close")
    })
}
