//! The Terraform provider `gctoken`: the plugin protocol, and what the provider offers.

pub mod plugin;
pub mod provider;

/// The address of a provider that `terraform install` has installed. No public certificate
/// authority certifies a host below `.local` (RFC 6762), so that nobody can serve another
/// program under this address, as anybody could who registers a free name in a registry.
pub const LOCAL_SOURCE: &str = "terraform.local/gc-token/gctoken";
