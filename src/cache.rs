//! Where tokens are kept between runs: a sealed file per kind of token, and a
//! kernel lock beside it.

mod entry;
mod issued;
mod key;
mod keyring;
mod place;
mod seal;
mod slot;
mod sweep;

pub use entry::Header;
#[cfg(fuzzing)]
pub(crate) use entry::fuzz as fuzz_entry;
pub use issued::Issued;
pub use key::Key;
pub use seal::Seal;
pub use slot::{Lock, Lookup, Slot, check, try_out};
pub use sweep::{Kept, clear, list, prune};

#[cfg(test)]
mod tests;
