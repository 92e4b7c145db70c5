//! The Terraform provider `gctoken`: the plugin protocol, and what the provider offers.

pub mod plugin;
pub mod provider;
