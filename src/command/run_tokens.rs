//! `--revoke`: tokens for one run alone, which are revoked at its end.

use std::sync::Arc;
use std::thread::Builder;

use tokio::sync::oneshot;

use super::explained;
use super::run::{cannot_serve, runtime};
use crate::broker;
use crate::config::{self, Layers, Settings, table};
use crate::context::Context;
use crate::error::Result;
use crate::oauth::{MintedTokens, RevocationEndpoint, RevokedTokens};
use crate::platform::BackgroundSignals;
use crate::text::counted;
use crate::token::Token;

/// Switches cache and store off if tokens are to be revoked: one that other runs may use must not
/// be.
///
/// # Errors
/// Of the setting's kind without an API, or with a store that is required.
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
    let revoke = layers.find(&table::REVOKE).expect("it was found above").origin;
    config::keep_tokens_apart(layers, settings, &revoke, &context.reporter)?;
    let endpoint = RevocationEndpoint::new(api_url, settings.network.clone(), context.clone());
    Ok(Some(Arc::new(MintedTokens::new(endpoint, context))))
}

pub(super) enum FirstToken<T> {
    Provided(Box<Token>),
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
            Ok(Ok(provided)) => Ok(FirstToken::Provided(provided.token.into())),
            Ok(Err(error)) => Err(explained(error, layers, context)),
            Err(panicked) => Err(cannot_serve().with_source(panicked)),
        },
        stopped = stop => Ok(FirstToken::Stopped(stopped)),
    }
}

/// Without a thread or a runtime of its own, no signal ends it.
fn revoke_until_signal(minted: &Arc<MintedTokens>) -> Option<RevokedTokens> {
    let (sender, receiver) = oneshot::channel();
    let in_thread = minted.clone();
    let revoke = move || drop(sender.send(in_thread.revoke_all()));
    let (Ok(runtime), Ok(_)) = (runtime(), Builder::new().spawn(revoke)) else {
        return Some(minted.revoke_all());
    };
    runtime.block_on(async {
        let Ok(mut signals) = BackgroundSignals::listen() else {
            return receiver.await.ok();
        };
        tokio::select! {
            revoked = receiver => revoked.ok(),
            () = signals.next() => None,
        }
    })
}

/// Revokes the tokens of a run that has ended. A failure is a warning, and a signal ends it.
pub(super) fn revoke_tokens(minted: Option<Arc<MintedTokens>>, context: &Context) {
    let Some(minted) = minted else {
        return;
    };
    let Some(revoked) = revoke_until_signal(&minted) else {
        context.reporter.warn("a signal ended the run before all of its tokens were revoked");
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
