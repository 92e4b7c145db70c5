//! Where tokens are kept between runs: a sealed file per kind of token, and a
//! kernel lock beside it.

mod check;
mod entry;
mod issued;
mod key;
mod keyring;
mod lock_file;
mod place;
mod seal;
mod slot;
mod sweep;

pub use check::{check, try_out};
pub use entry::Header;
#[cfg(fuzzing)]
pub(crate) use entry::fuzz as fuzz_entry;
pub use issued::IssuedTokens;
pub use key::Key;
pub use seal::Seal;
pub use slot::{Lock, Lookup, Slot};
pub use sweep::{Kept, clear, list, prune};

#[cfg(test)]
mod tests;
