//! `--revoke`: tokens for one run alone, which are revoked at its end.

use std::sync::Arc;

use crate::config::{Layers, Settings, table};
use crate::context::Context;
use crate::error::Result;
use crate::oauth::{MintedTokens, RevocationEndpoint};
use crate::text::counted;

/// Switches the cache off if tokens are to be revoked: one that other runs may use must not be.
///
/// # Errors
/// Of the setting's kind without an API.
pub(super) fn revocable_tokens(
    layers: &Layers,
    settings: &mut Settings,
    context: &Context,
) -> Result<Option<Arc<MintedTokens>>> {
    if !layers.bool(&table::REVOKE)? {
        return Ok(None);
    }
    let Some(api_url) = settings.issuer.api_url.clone() else {
        let given = layers.find(&table::REVOKE).expect("it was found above");
        return Err(given
            .refused("needs an API that can revoke tokens")
            .with_hint("set --region or --api-url: only Genesys Cloud's API can"));
    };
    settings.cache.switch_off();
    let endpoint = RevocationEndpoint::new(api_url, settings.network.clone(), context.clone());
    Ok(Some(Arc::new(MintedTokens::new(endpoint, context))))
}

/// Revokes the tokens of a run that has ended. A failure is a warning.
pub(super) fn revoke_tokens(minted: Option<&MintedTokens>, context: &Context) {
    let Some(revoked) = minted.map(MintedTokens::revoke_all) else {
        return;
    };
    match revoked.warning() {
        Some(warning) => context.reporter.warn(warning),
        None => {
            let tokens = counted(revoked.count, "token");
            context.reporter.info(format_args!("revoked {tokens} of this run"));
        }
    }
}
