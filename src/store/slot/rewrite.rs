//! Changes a part of a record. Nothing but the record that was read is replaced.

use super::{Slot, SlotReading};
use crate::store::{Record, SharedToken, StoreError, StoreFault, Swap};
use crate::token::AccessToken;

/// Others may write a record between the read and the swap.
const REWRITE_ATTEMPTS: u32 = 5;

impl Slot<'_> {
    /// Removes the token if the record still holds this one. Returns whether it did.
    ///
    /// # Errors
    /// Those of [`Store::swap`](crate::store::Store::swap).
    pub fn evict(&self, token: &AccessToken) -> Result<bool, StoreError> {
        self.rewrite(|reading| {
            let record = reading.record.as_ref()?;
            let holds_token = record.token.as_ref()?.token.access_token == *token;
            holds_token.then(|| Record { token: None, ..record.clone() })
        })
    }

    /// Puts a token back that was evicted, unless another one or a failure has replaced it. Returns
    /// whether the record holds it.
    ///
    /// # Errors
    /// Those of [`Store::swap`](crate::store::Store::swap).
    pub fn put_back(&self, token: &SharedToken) -> Result<bool, StoreError> {
        let is_there = self.rewrite(|reading| {
            let record = reading.record.as_ref().filter(|record| record.failure.is_none())?;
            let token = record.token.is_none().then(|| token.clone());
            token.is_some().then(|| Record { token, ..record.clone() })
        })?;
        Ok(is_there || self.read()?.token() == Some(token))
    }

    /// Replaces a record by an empty one, which means that there is no token. The turn of a
    /// machine that is minting remains. Returns whether there was anything to remove.
    ///
    /// # Errors
    /// Those of [`Store::swap`](crate::store::Store::swap).
    pub fn clear(&self) -> Result<bool, StoreError> {
        self.rewrite(|reading| match &reading.record {
            None => reading.is_unusable.then(Record::default),
            Some(record) => {
                let is_empty = record.token.is_none() && record.failure.is_none();
                let turn = record.turn.clone();
                let slots = record.slots;
                (!is_empty).then(|| Record { turn, slots, ..Record::default() })
            }
        })
    }

    /// Records that there are as many slots, unless the record knows of more or does not exist.
    ///
    /// # Errors
    /// Those of [`Store::swap`](crate::store::Store::swap).
    pub fn record_slots(&self, slots: u32) -> Result<(), StoreError> {
        let rewritten = self.rewrite(|reading| {
            let record = reading.record.as_ref().filter(|record| record.slots < slots)?;
            Some(Record { slots, ..record.clone() })
        });
        rewritten.map(|_| ())
    }

    fn rewrite(&self, change: impl Fn(&SlotReading) -> Option<Record>) -> Result<bool, StoreError> {
        for _ in 0..REWRITE_ATTEMPTS {
            self.allow(self.settings.timeout);
            let reading = self.read()?;
            let Some(record) = change(&reading) else {
                return Ok(false);
            };
            if self.swap(&reading.observation.version, &record)? != Swap::Lost {
                return Ok(true);
            }
        }
        let place = &self.settings.location;
        let message = format!("the record in {place} is not changed");
        Err(StoreError::new(StoreFault::Unavailable, message)
            .with_cause("other machines change it all the time")
            .with_hint("try again"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::tests::reading;
    use crate::config::tests::settings;
    use crate::config::{Settings, StoreSettings};
    use crate::context::Clock;
    use crate::store::StoreClient;
    use crate::store::memory::{MemoryClient, MemoryStore, SleepingClock};
    use crate::token::tests::token;

    fn with_client(test: impl FnOnce(&MemoryStore<'_>, &StoreClient<'_>)) {
        let clock = SleepingClock::at(reading(1_000, 1_000_000));
        let store = MemoryStore::new(&clock);
        let engine = MemoryClient { store: &store, runner: &clock };
        let (client, settings): (Settings, _) = (settings("http://x"), StoreSettings::test());
        let clock: &dyn Clock = &clock;
        let (settings, client) = (&settings, &client);
        test(&store, &StoreClient { store: &engine, settings, clock, client, secret: b"secret" });
    }

    fn put(client: &StoreClient<'_>, number: u32, record: &Record) {
        let slot = client.slot(number);
        let reading = slot.read().unwrap();
        assert_ne!(slot.swap(&reading.observation.version, record).unwrap(), Swap::Lost);
    }

    fn record(name: &str) -> Record {
        let token = Some(SharedToken::new(token(name, 300), None));
        Record { token, ..Record::default() }
    }

    fn token_of(client: &StoreClient<'_>, number: u32) -> Option<String> {
        let reading = client.slot(number).read().unwrap();
        reading.token().map(|shared| shared.token.access_token.expose().to_owned())
    }

    #[test]
    fn only_the_token_that_is_named_is_evicted_and_a_turn_stays() {
        with_client(|_, client| {
            put(client, 0, &Record { turn: Some("nonce".into()), ..record("one") });
            let slot = client.slot(0);
            assert!(!slot.evict(&token("other", 300).access_token).unwrap());
            assert_eq!(token_of(client, 0).as_deref(), Some("one"));
            assert!(slot.evict(&token("one", 300).access_token).unwrap());
            assert_eq!(token_of(client, 0), None);
            assert!(slot.read().unwrap().is_minting());
        });
    }

    #[test]
    fn a_token_is_put_back_unless_another_has_replaced_it() {
        with_client(|_, client| {
            let shared = SharedToken::new(token("one", 300), None);
            let slot = client.slot(0);
            assert!(!slot.put_back(&shared).unwrap(), "there is no record");
            put(client, 0, &Record { slots: 4, turn: Some("nonce".into()), ..record("one") });
            assert!(slot.put_back(&shared).unwrap(), "it is there");
            slot.evict(&shared.token.access_token).unwrap();
            assert!(slot.put_back(&shared).unwrap());
            assert_eq!(token_of(client, 0).as_deref(), Some("one"));
            let reading = slot.read().unwrap();
            assert!(reading.is_minting() && reading.slots() == 4);
            put(client, 0, &record("two"));
            assert!(!slot.put_back(&shared).unwrap());
            assert_eq!(token_of(client, 0).as_deref(), Some("two"));
        });
    }

    #[test]
    fn an_emptied_record_has_no_token_and_others_are_untouched() {
        with_client(|store, client| {
            put(client, 0, &record("one"));
            put(client, 1, &record("two"));
            assert!(client.slot(0).clear().unwrap());
            assert!(!client.slot(0).clear().unwrap(), "it was empty");
            assert!(!client.slot(2).clear().unwrap(), "there was none");
            assert_eq!((token_of(client, 0), token_of(client, 1).as_deref()), (None, Some("two")));
            assert!(client.slot(0).read().unwrap().exists());
            store.tamper(|bytes| bytes[40] ^= 1);
            assert!(client.slot(1).read().unwrap().is_unusable);
            assert!(client.slot(1).clear().unwrap());
            assert!(!client.slot(1).read().unwrap().is_unusable);
        });
    }

    #[test]
    fn all_slots_of_a_pool_are_found_across_a_gap() {
        with_client(|store, client| {
            let found = |expected: u32| -> Vec<u32> {
                let slots = client.occupied_slots(expected).unwrap();
                slots.iter().map(|slot| slot.number).collect()
            };
            assert_eq!(found(0), [0; 0]);
            for number in [0, 2, 5, 8] {
                put(client, number, &record("one"));
            }
            assert_eq!(found(0), [0, 2]);
            *store.requests.lock().unwrap() = 0;
            assert_eq!(found(6), [0, 2, 5]);
            assert_eq!(*store.requests.lock().unwrap(), 8);
            assert_eq!(found(10), [0, 2, 5, 8]);
            client.slot(0).record_slots(9).unwrap();
            assert_eq!(found(0), [0, 2, 5, 8], "slot 0 knows of nine");
            client.slot(0).clear().unwrap();
            assert_eq!(found(0), [0, 2, 5, 8], "an emptied record knows of them, too");
        });
    }
}
