//! Files and commands by which CI systems take variables, one format per file.

pub(super) mod azure;
pub(super) mod dotenv;
pub(super) mod github;
pub(super) mod gitlab;
