//! `gc-token` hands out a Genesys Cloud access token that is known, by
//! measurement, to live long enough.

pub mod clock;
pub mod endpoint;
pub mod error;
pub mod output;
pub mod plugin;
pub mod region;
pub mod settings;
pub mod token;
pub mod world;
