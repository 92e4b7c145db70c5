//! Conventions of the system that decide what other programs read.

/// Proxies can be configured outside of environment variables, in the system's settings.
pub(crate) const HAS_SYSTEM_PROXY_SETTINGS: bool = cfg!(target_os = "macos");

/// A single file holds all certificates that the system trusts.
pub(crate) const HAS_CA_BUNDLE: bool = cfg!(target_os = "linux");

pub(crate) const GO_READS_SSL_CERT_FILE: bool = cfg!(not(target_os = "macos"));
