//! What `--metrics-listen` serves.

mod browser;
mod page;
