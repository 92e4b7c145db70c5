//! The settings of a run that revokes its tokens at its end.

use super::{Layers, Origin, Settings, table};
use crate::context::Reporter;
use crate::error::Result;

/// Switches the cache and the store off: a token that other runs and machines use must not be
/// revoked. Warns if a store was set. `revoke` is the setting that asks for it.
///
/// # Errors
/// If `--store-required` forbids to mint without the store.
pub fn keep_tokens_apart(
    layers: &Layers,
    settings: &mut Settings,
    revoke: &Origin,
    reporter: &Reporter,
) -> Result<()> {
    settings.cache.switch_off();
    let Some(store) = settings.store.take() else {
        return Ok(());
    };
    let required = layers.find(&table::STORE_REQUIRED).filter(|_| store.is_required);
    if let Some(required) = required {
        let why = format!(
            "tokens that are revoked are not shared, and {} forbids to mint without the store",
            required.origin
        );
        return Err(revoke
            .refused(&why)
            .with_hint("leave one of the two out; --no-store leaves the store out of a run"));
    }
    reporter.warn(format_args!(
        "{} has no effect beside {revoke}: tokens that are revoked are not shared",
        store.origin
    ));
    Ok(())
}
