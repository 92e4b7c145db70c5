//! The slots of a pool that machines share: each machine may begin with another one, because the
//! API limits the requests of each token.

use super::Broker;
use crate::store::{Decision, SingleFlight, SlotReading, StoreClient};
use crate::token::{AccessToken, Token};

impl Broker<'_> {
    /// Returns the token of a random slot if that has a fresh one, else `token`, which is that of
    /// slot 0.
    pub(super) fn pick_slot(
        &self,
        client: &StoreClient<'_>,
        first: &SlotReading,
        token: Token,
    ) -> Token {
        let is_first = self.settings.cache.slot == 0;
        let slots = if is_first && client.settings.picks_slot { first.slots() } else { 0 };
        let number = fastrand::u32(0..slots.max(1));
        let picked = if number == 0 { None } else { self.fresh_token_of(client, number) };
        picked.unwrap_or(token)
    }

    fn fresh_token_of(&self, client: &StoreClient<'_>, number: u32) -> Option<Token> {
        let reading = client.slot(number).read().ok()?;
        let (now, wait) = (self.clock.read(), client.settings.location.poll_interval());
        let mut flight = SingleFlight::new(self.policy(), now.clone(), None, wait);
        match flight.decide(reading.view(), &now, 0.0) {
            Decision::Use(token) | Decision::RefreshEarly(token) => Some(*token),
            _ => None,
        }
    }

    /// Tells other machines that this slot has a token. Best effort.
    pub(super) fn announce_slot(&self, client: &StoreClient<'_>) {
        let slot = self.settings.cache.slot;
        if slot > 0 {
            let _ = client.slot(0).record_slots(slot + 1);
        }
    }

    /// Removes a token that the API has rejected from the other slots: slot 0 of this machine may
    /// hold the token of any of them. Best effort.
    pub(super) fn evict_from_pool(
        &self,
        client: &StoreClient<'_>,
        first: &SlotReading,
        rejected: &AccessToken,
    ) {
        if self.settings.cache.slot > 0 {
            return;
        }
        for number in 1..first.slots() {
            if client.slot(number).evict(rejected).unwrap_or(true) {
                return;
            }
        }
    }
}
