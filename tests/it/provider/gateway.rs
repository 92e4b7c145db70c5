//! The ephemeral resource `gctoken_gateway` with real Terraform and OpenTofu.

mod applies;
mod arguments;
mod closes;
mod ends;
mod example;
mod rate;
pub(crate) mod rig;
mod several;
mod unknown;
