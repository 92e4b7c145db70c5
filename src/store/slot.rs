//! One slot of a client in a store: its record, decrypted.

mod rewrite;
mod turn;

use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use jiff::SignedDuration;

use super::{
    Observation, Record, RecordName, RecordView, SharedToken, Store, StoreError, StoreFault, Swap,
    Version,
};
use crate::cache::{Key, Seal};
use crate::clock::{OffsetEstimate, Reading};
use crate::config::StoreSettings;
use crate::context::Clock;
use crate::platform::InterruptGuard;
use crate::random::random_id;
use crate::sync;
use crate::token::Token;

pub use turn::Turn;

pub struct Slot<'a> {
    store: &'a dyn Store,
    settings: &'a StoreSettings,
    clock: &'a dyn Clock,
    name: RecordName,
    seal: Seal,
    nonce: OnceLock<String>,
    /// The time that requests have taken since the last wait.
    spent: Mutex<Duration>,
}

/// A record as it was read.
pub struct SlotReading {
    record: Option<Record>,
    pub is_unusable: bool,
    has_own_turn: bool,
    observation: Observation,
}

/// The part of the time limit that a swap needs for its reply, and that is left for what ends a
/// turn: one in so many.
const MIN_REPLY_SHARE: u32 = 8;

/// The time for which a record outlives what it holds.
const MARGIN: Duration = Duration::from_secs(3_600);

impl<'a> Slot<'a> {
    pub(super) fn new(
        store: &'a dyn Store,
        settings: &'a StoreSettings,
        clock: &'a dyn Clock,
        key: &Key,
        client_secret: &[u8],
    ) -> Slot<'a> {
        let name = RecordName::of(key, client_secret);
        let seal = Seal::from_secret(client_secret);
        let (nonce, spent) = (OnceLock::new(), Mutex::default());
        Slot { store, settings, clock, name, seal, nonce, spent }
    }

    pub fn name(&self) -> &RecordName {
        &self.name
    }

    /// # Errors
    /// Those of [`Store::read`].
    pub fn read(&self) -> Result<SlotReading, StoreError> {
        let observation = self.timed(|limit| self.store.read(&self.name, limit))?;
        let decode = |bytes: &Vec<u8>| Record::decode(bytes, &self.name, &self.seal);
        let record = observation.record.as_ref().map(decode);
        let is_unusable = matches!(record, Some(Err(_)));
        let record = record.and_then(Result::ok);
        let turn = record.as_ref().and_then(|record| record.turn.as_deref());
        let has_own_turn = turn.is_some_and(|turn| self.is_own(turn));
        Ok(SlotReading { record, is_unusable, has_own_turn, observation })
    }

    /// Takes the turn if nobody has changed the record since it was read. The turn's record
    /// keeps the token, unless `is_rejected` says that nobody should use it.
    ///
    /// # Errors
    /// Those of [`Store::swap`]; [`StoreFault::Unavailable`] as well if there is no time left for
    /// the reply; [`StoreFault::Unconditional`] if the store takes a second swap of the version
    /// that the first one has replaced.
    pub fn take_turn<'t>(
        &'t self,
        reading: &'t SlotReading,
        is_rejected: bool,
    ) -> Result<Option<Turn<'t, 'a>>, StoreError> {
        // Without one, a signal leaves the turn to its end.
        let guard = InterruptGuard::hold().ok();
        self.ensure_time_for_reply()?;
        let turn = Some(self.nonce()?.to_owned());
        let token = reading.record.as_ref().and_then(|record| record.token.clone());
        let token = token.filter(|_| !is_rejected);
        let record = Record { turn, token, slots: reading.slots(), failure: None };
        let expected = &reading.observation.version;
        let Swap::Won(version) = self.swap(expected, &record)? else {
            return Ok(None);
        };
        // A store that is too slow for another request has given the turn.
        if let Ok(Swap::Won(version)) = self.swap(expected, &record) {
            // No machine is to wait for the end of this turn.
            let _ = self.swap(&version, &Record { turn: None, ..record });
            let cause = "it replaced a record that had another version than was expected";
            return Err(StoreError::unconditional(self.settings, cause));
        }
        Ok(Some(Turn::new(self, record, version, reading, guard)))
    }

    /// Tells other machines the validity of a token by a measurement, unless somebody has changed
    /// the record since it was read. Best effort.
    pub fn correct(&self, reading: &SlotReading, token: Token) {
        let Some(shared) = reading.token() else {
            return;
        };
        let store_clock = reading.observation.clock.as_ref();
        if shared.agrees_with(&token.validity, store_clock) {
            return;
        }
        let token = Some(SharedToken::new(token, store_clock));
        let turn = reading.record.as_ref().and_then(|record| record.turn.clone());
        if turn.is_none() {
            let record = Record { token, slots: reading.slots(), ..Record::default() };
            let _ = self.swap(&reading.observation.version, &record);
        }
    }

    /// The requests after a wait have the time limit for themselves.
    pub fn wait(&self, time: Duration) {
        self.clock.sleep(time);
        self.allow(self.settings.timeout);
    }

    /// The requests from now on have this time together.
    fn allow(&self, time: Duration) {
        *sync::lock(&self.spent) = self.settings.timeout.saturating_sub(time);
    }

    fn time_left(&self) -> Duration {
        self.settings.timeout.saturating_sub(*sync::lock(&self.spent))
    }

    /// All machines would wait for a turn whose holder does not know of it.
    fn ensure_time_for_reply(&self) -> Result<(), StoreError> {
        let StoreSettings { timeout, location, .. } = self.settings;
        let left = self.time_left();
        if left >= *timeout / MIN_REPLY_SHARE {
            return Ok(());
        }
        let message = format!("the store {} does not answer in time", location);
        Err(StoreError::new(StoreFault::Unavailable, message)
            .with_cause(format!("the first request took all but {left:.1?} of {timeout:.1?}"))
            .with_hint("allow more time with --store-timeout"))
    }

    fn nonce(&self) -> Result<&str, StoreError> {
        if let Some(nonce) = self.nonce.get() {
            return Ok(nonce);
        }
        let nonce =
            random_id().map_err(|error| StoreError { fault: StoreFault::Unavailable, error })?;
        Ok(self.nonce.get_or_init(|| nonce))
    }

    fn is_own(&self, turn: &str) -> bool {
        // One that was renewed has another number after its own.
        self.nonce.get().is_some_and(|nonce| turn.split(' ').next() == Some(nonce))
    }

    fn swap(&self, expected: &Version, record: &Record) -> Result<Swap, StoreError> {
        self.timed(|limit| self.swap_within(limit, expected, record))
    }

    fn swap_within(
        &self,
        limit: Duration,
        expected: &Version,
        record: &Record,
    ) -> Result<Swap, StoreError> {
        let bytes = record.encode(&self.name, &self.seal);
        self.store.swap(&self.name, expected, &bytes, keep(record), limit)
    }

    fn timed<T>(
        &self,
        request: impl FnOnce(Duration) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let before = self.clock.read();
        let result = request(self.time_left());
        self.spend_since(&before);
        result
    }

    fn spend_since(&self, before: &Reading) {
        let taken = self.clock.read().boot.saturating_sub(before.boot);
        let taken = Duration::try_from(taken).unwrap_or_default();
        let mut spent = sync::lock(&self.spent);
        *spent = spent.saturating_add(taken);
    }
}

impl SlotReading {
    pub fn exists(&self) -> bool {
        self.observation.record.is_some()
    }

    /// Returns whether a machine has the turn, as far as the store's clock tells.
    pub fn is_minting(&self) -> bool {
        self.view().turn_left(None).is_some_and(|left| !left.is_zero())
    }

    pub fn token(&self) -> Option<&SharedToken> {
        self.record.as_ref()?.token.as_ref()
    }

    /// The number of slots that the record knows.
    pub fn slots(&self) -> u32 {
        self.record.as_ref().map_or(0, |record| record.slots)
    }

    pub fn store_clock(&self) -> Option<&OffsetEstimate> {
        self.observation.clock.as_ref()
    }

    pub fn view(&self) -> RecordView<'_> {
        RecordView {
            record: self.record.as_ref(),
            has_own_turn: self.has_own_turn,
            age: self.observation.age,
            clock: self.observation.clock.as_ref(),
        }
    }
}

fn keep(record: &Record) -> Duration {
    let lifetime = record.token.as_ref().map(|shared| shared.token.validity.lifetime);
    let lifetime = lifetime.unwrap_or(SignedDuration::ZERO);
    MARGIN.saturating_add(Duration::try_from(lifetime).unwrap_or_default())
}

#[cfg(test)]
mod tests;
