//! A store that runners on many machines share, behind the local cache: one record for each
//! slot of a client, which holds the token and the turn of the machine that mints.
//!
//! An engine offers two methods, a read and a compare-and-swap; all else is made of these.

mod blocking;
mod bucket;
mod client_slots;
mod engine;
mod error;
#[cfg(test)]
pub(crate) mod memory;
mod name;
mod note;
mod probe;
mod record;
mod redis;
mod shared_token;
mod single_flight;
mod slot;

use std::time::Duration;

use jiff::SignedDuration;

use crate::clock::OffsetEstimate;

pub use client_slots::{NumberedSlot, StoreClient};
pub use engine::LazyStore;
pub use error::{StoreError, StoreFault};
pub use name::RecordName;
pub use note::{NoteLevel, StoreNote};
pub use probe::StoreProbe;
pub use record::{Record, SharedFailure};
pub use shared_token::{CLOCK_TOLERANCE, SharedToken};
pub use single_flight::{Decision, RecordView, SingleFlight, TURN};
pub use slot::{Slot, SlotReading, Turn};

/// An engine. Blocks in both methods: not to be called from a thread that runs an asynchronous
/// runtime.
pub trait Store: Send + Sync {
    /// # Errors
    /// [`StoreFault::Unavailable`] if there is no response within `limit`;
    /// [`StoreFault::Misconfigured`] if the store refuses.
    fn read(&self, name: &RecordName, limit: Duration) -> Result<Observation, StoreError>;

    /// Replaces the record if its version is still `expected`. The store may delete the record
    /// after `keep`.
    ///
    /// # Errors
    /// Those of [`Store::read`]; [`StoreFault::ReadOnly`] if only writes are refused;
    /// [`StoreFault::Full`] if there is no room.
    fn swap(
        &self,
        name: &RecordName,
        expected: &Version,
        record: &[u8],
        keep: Duration,
        limit: Duration,
    ) -> Result<Swap, StoreError>;

    /// Tells how a server is reached, by the settings alone: without a request.
    fn description(&self) -> Vec<StoreNote> {
        Vec::new()
    }

    /// Tells about a server what matters to records, for a diagnosis. Empty as well without the
    /// right to ask.
    fn notes(&self, _limit: Duration) -> Vec<StoreNote> {
        Vec::new()
    }
}

/// A record as a store shows it.
#[derive(Debug, Clone)]
pub struct Observation {
    /// `None` if there is no record of the name.
    pub record: Option<Vec<u8>>,
    pub version: Version,
    /// The time since the record was written, both by the store's own clock; `None` if the store
    /// does not tell. Negative if that clock was stepped back.
    pub age: Option<SignedDuration>,
    /// The store's clock, as the response shows it.
    pub clock: Option<OffsetEstimate>,
}

/// Identifies the content of a record: different contents have different versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Version {
    Absent,
    /// An entity tag (RFC 9110 section 8.8.3), a generation, or a random number; engines know
    /// which.
    Present {
        e_tag: Option<String>,
        generation: Option<String>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Swap {
    /// Holds the version of the record that was written.
    Won(Version),
    /// The record had another version than was expected.
    Lost,
}
