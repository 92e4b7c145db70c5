//! The recipes of `gc-token ci`, run as the CI systems run them, against the sandbox: plan,
//! approval and apply with the real Terraform, the cache carried from job to job, and
//! everything that is logged searched for the client secret and for tokens.

mod azure;
mod files;
mod github;
mod gitlab;
mod install;
mod printed;
mod project;
mod servers;
