//! What runs, and where.

use std::env::consts;

use super::{Finding, Topic};

/// The program's version and the system's kind.
pub(super) fn finding() -> Finding {
    Finding::ok(
        Topic::Settings,
        format!("gc-token {} on {} {}", env!("CARGO_PKG_VERSION"), consts::OS, consts::ARCH),
    )
}
