//! The error type that hyper's bodies and connectors share.

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;
