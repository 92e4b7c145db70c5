//! The provider `gctoken` with real Terraform and OpenTofu against the sandbox:
//! the real program, installed as a user installs it.

mod clocks;
mod diagnostics;
mod ends;
mod example;
pub(crate) mod gateway;
mod install;
pub(crate) mod rig;
mod saved_plan;
pub(crate) mod search;
