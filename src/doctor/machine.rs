//! The program's version and the platform.

use std::env::consts;

use super::{Finding, Topic};

pub(super) fn version_and_platform() -> Finding {
    Finding::ok(Topic::Settings, description())
}

pub(super) fn description() -> String {
    format!("gc-token {} on {} {}", env!("CARGO_PKG_VERSION"), consts::OS, consts::ARCH)
}
