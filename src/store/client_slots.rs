//! All slots of a client's pool.

use super::{Slot, SlotReading, Store, StoreError};
use crate::cache::Key;
use crate::config::table::MAX_TOKENS;
use crate::config::{Settings, StoreSettings};
use crate::context::Clock;

/// A client as a store knows it.
#[derive(Clone, Copy)]
pub struct StoreClient<'a> {
    pub store: &'a dyn Store,
    pub settings: &'a StoreSettings,
    pub clock: &'a dyn Clock,
    pub client: &'a Settings,
    pub secret: &'a [u8],
}

pub struct NumberedSlot<'a> {
    pub number: u32,
    pub slot: Slot<'a>,
    pub reading: SlotReading,
}

/// The end of a pool: as many slots without a record, one after the other.
const ABSENT_IN_A_ROW: u32 = 2;

impl<'a> StoreClient<'a> {
    pub fn slot(&self, number: u32) -> Slot<'a> {
        let StoreClient { store, settings, clock, client, secret } = *self;
        Slot::new(store, settings, clock, &Key::shared(client, number), secret)
    }

    /// Returns the slots that have a record. Reads `expected` slots at least, those that a record
    /// knows of, and others until the pool ends.
    ///
    /// # Errors
    /// Those of [`Store::read`].
    pub fn occupied_slots(&self, mut expected: u32) -> Result<Vec<NumberedSlot<'a>>, StoreError> {
        let mut occupied = Vec::new();
        let mut absent = 0;
        for number in 0..MAX_TOKENS {
            if number >= expected && absent >= ABSENT_IN_A_ROW {
                break;
            }
            let slot = self.slot(number);
            let reading = slot.read()?;
            expected = expected.max(reading.slots());
            absent = if reading.exists() { 0 } else { absent + 1 };
            if reading.exists() {
                occupied.push(NumberedSlot { number, slot, reading });
            }
        }
        Ok(occupied)
    }
}
