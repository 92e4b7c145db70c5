//! A warning where the system does not protect the memory of a proxy.

use crate::context::Reporter;
use crate::platform;

pub(crate) fn warn_of_readable_memory(reporter: &Reporter) {
    if platform::is_memory_protected() == Some(false) {
        reporter.warn(
            "other processes of this user can read this process's memory, including the client \
             secret: this system does not let prctl(2) forbid that",
        );
    }
}
