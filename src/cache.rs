//! The token cache: an encrypted file per kind of token, with a kernel lock beside it.

mod codec;
mod entry;
mod issued;
mod key;
mod keyring;
mod lock;
mod maintenance;
mod private_file;
mod seal;
mod self_test;

#[cfg(fuzzing)]
pub(crate) use codec::fuzz as fuzz_entry;
pub use entry::{Entry, Lock, Lookup};
pub use issued::IssuedTokens;
pub use key::Key;
pub use maintenance::{EntrySummary, clear, holds_shared_token, list, occupied_slots, prune};
pub use seal::Seal;
pub use self_test::{check, self_test};

#[cfg(test)]
mod tests;
