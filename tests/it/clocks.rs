//! The clock matrix: what a runner's wrong clock does to the client that
//! everybody writes first, and to `gc-token`. `book/src/concepts/clocks-measured.md` holds the
//! result, and is compared with it;
//!
//!     GC_TOKEN_WRITE_DOCS=1 cargo test --test it clocks
//!
//! writes it anew.

mod cell;
mod clock;
mod docs;
mod matrix;
mod real;
mod script;
