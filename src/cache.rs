//! Where tokens are kept between runs: a sealed file per kind of token, and a
//! kernel lock beside it.

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

pub use codec::Header;
#[cfg(fuzzing)]
pub(crate) use codec::fuzz as fuzz_entry;
pub use entry::{Lock, Lookup, Slot};
pub use issued::IssuedTokens;
pub use key::Key;
pub use maintenance::{Kept, clear, list, prune};
pub use seal::Seal;
pub use self_test::{check, try_out};

#[cfg(test)]
mod tests;
