//! Conventions of the system that decide what other programs read.

/// Proxies are also configured in the system's settings, not only by variables.
pub(crate) const HAS_SYSTEM_PROXY_SETTINGS: bool = cfg!(target_os = "macos");

/// One file holds all certificates that the system trusts.
pub(crate) const HAS_CA_BUNDLE: bool = cfg!(target_os = "linux");

/// Programs written in Go read `SSL_CERT_FILE`.
pub(crate) const GO_READS_SSL_CERT_FILE: bool = cfg!(not(target_os = "macos"));
