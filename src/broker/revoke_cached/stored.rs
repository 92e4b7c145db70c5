//! The client's tokens in the store. They are taken out before they are revoked: machines use
//! what they find there without a check.

use super::CachedRevocation;
use crate::config::StoreSettings;
use crate::error::{Error, Kind};
use crate::store::{NumberedSlot, SharedToken, Slot, StoreClient, StoreError};
use crate::token::AccessToken;

#[derive(Default)]
pub(super) struct TokensInStore<'a>(Vec<TokenInStore<'a>>);

struct TokenInStore<'a> {
    shared: SharedToken,
    slot: Slot<'a>,
}

impl<'a> TokensInStore<'a> {
    /// Takes all tokens out of the store, or none. Looks at `pool` slots at least, and adds to
    /// `failures` the records that cannot be read.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub(super) fn take(
        client: &StoreClient<'a>,
        pool: u32,
        failures: &mut Vec<Error>,
    ) -> Result<TokensInStore<'a>, Error> {
        let refused = |failure| nothing_is_revoked(failure, client.settings);
        let mut stored = Vec::new();
        for NumberedSlot { slot, reading, .. } in client.occupied_slots(pool).map_err(refused)? {
            if reading.is_unusable {
                failures.push(unusable(client.settings));
            }
            stored.extend(
                reading.token().map(|shared| TokenInStore { shared: shared.clone(), slot }),
            );
        }
        let stored = TokensInStore(stored);
        for token in &stored.0 {
            if let Err(failure) = token.slot.evict(&token.shared.token.access_token) {
                // The reply may have been lost, so this one, too.
                stored.0.iter().for_each(|token| _ = token.slot.put_back(&token.shared));
                return Err(refused(failure));
            }
        }
        Ok(stored)
    }

    pub(super) fn access_tokens(&self) -> impl Iterator<Item = &AccessToken> {
        self.0.iter().map(|stored| &stored.shared.token.access_token)
    }

    /// Puts a token that could not be revoked back, unless another one has replaced it. Returns
    /// whether the store holds it again.
    pub(super) fn put_back(&self, token: &AccessToken) -> bool {
        let mut same =
            self.0.iter().filter(|stored| stored.shared.token.access_token == *token).peekable();
        same.peek().is_some() && same.all(|it| it.slot.put_back(&it.shared).unwrap_or(false))
    }
}

impl CachedRevocation {
    pub(super) fn refused(mut failures: Vec<Error>, last: Error) -> CachedRevocation {
        failures.push(last);
        CachedRevocation { revoked: 0, failures }
    }
}

fn nothing_is_revoked(failure: StoreError, store: &StoreSettings) -> Error {
    const HINT: &str = "other machines would go on with the revoked token, which has to be removed \
                        from the store";
    let error = failure.error;
    let hint = error.hint.as_ref().map_or_else(|| HINT.into(), |hint| format!("{hint}; {HINT}"));
    let message = format!("nothing is revoked: {}", error.message);
    store.named_in(Error { message, ..error }.with_hint(hint))
}

fn unusable(store: &StoreSettings) -> Error {
    let message = format!("cannot revoke the token in the store {}", store.location);
    Error::new(Kind::Cache, message)
        .with_cause("its record was altered, or is of another version of gc-token")
        .with_hint("'gc-token cache clear --store' removes it; the token is valid until it expires")
}
