//! `--revoke`: tokens for one run alone, which are revoked at its end.

use std::sync::Arc;
use std::thread::Builder;

use tokio::sync::oneshot;

use super::explained;
use crate::broker;
use crate::config::{Layers, Settings, table};
use crate::context::Context;
use crate::error::{Error, Kind, Result};
use crate::oauth::{MintedTokens, RevocationEndpoint};
use crate::text::counted;
use crate::token::Token;

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

pub(super) enum FirstToken<T> {
    Provided(Token),
    Stopped(T),
}

/// Gets the first token of a run, unless it is to stop before: then the token is revoked as
/// soon as it is minted.
pub(super) async fn first_token<T>(
    settings: &Settings,
    layers: &Layers,
    minted: &Arc<MintedTokens>,
    context: &Context,
    stop: impl Future<Output = T>,
) -> Result<FirstToken<T>> {
    let (sender, receiver) = oneshot::channel();
    let get_token = {
        let (settings, minted, context) = (settings.clone(), minted.clone(), context.clone());
        move || drop(sender.send(broker::get_recorded_token(&settings, &context, Some(&minted))))
    };
    // Not in the runtime, which would wait for it at its end.
    Builder::new().spawn(get_token).map_err(|error| cannot_serve().with_source(error))?;
    tokio::select! {
        provided = receiver => match provided {
            Ok(Ok(provided)) => Ok(FirstToken::Provided(provided.token)),
            Ok(Err(error)) => Err(explained(error, layers, context)),
            Err(panicked) => Err(cannot_serve().with_source(panicked)),
        },
        stopped = stop => Ok(FirstToken::Stopped(stopped)),
    }
}

fn cannot_serve() -> Error {
    Error::new(Kind::System, "cannot serve")
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
