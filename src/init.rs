//! `init`: questions, the file of profiles, and what to do next.

mod dialogue;
mod document;
mod next_steps;
mod store;

pub(crate) use dialogue::Dialogue;
pub(crate) use document::{ProfileLines, is_plain_name};
pub(crate) use next_steps::{exports, next_steps};
pub(crate) use store::ProfileStore;
