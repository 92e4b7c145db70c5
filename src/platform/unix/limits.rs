//! Resource limits of this process.
//!
//! Systems begin with a soft limit of 1,024 open files, for the sake of programs that use
//! select(2), and let each process raise it. A server raises it, and lowers it again for
//! the programs that it starts, as Go's runtime does.

use std::sync::{Arc, Once, OnceLock};

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};

use super::signals::is_ignored;

static ORIGINAL: OnceLock<Rlimit> = OnceLock::new();

/// Raises the soft limit on open files to `wanted`, as far as the hard one allows, and
/// returns the resulting soft limit. Never lowers it.
pub(crate) fn raise_file_limit(wanted: u64) -> u64 {
    let original = ORIGINAL.get_or_init(|| getrlimit(Resource::Nofile));
    let current = getrlimit(Resource::Nofile);
    let Some(soft) = current.current else {
        return u64::MAX;
    };
    let raised = wanted.min(original.maximum.unwrap_or(u64::MAX));
    if raised <= soft {
        return soft;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: Some(raised), ..current }) {
        Ok(()) => raised,
        Err(_) => soft,
    }
}

/// Starts a program in `work` under the limit on open files that this process was
/// started with.
pub(crate) fn with_original_file_limit<T>(work: impl FnOnce() -> T) -> T {
    let Some(original) = ORIGINAL.get() else {
        return work();
    };
    let raised = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: original.current, ..raised });
    let result = work();
    let _ = setrlimit(Resource::Nofile, raised);
    result
}

/// Turns a write past the limit on file sizes (`ulimit -f`) into an error. By default,
/// SIGXFSZ would end the process, which can do without its cache. A started program gets
/// the default back at execve(2).
pub(crate) fn ignore_file_size_limit() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if !is_ignored(Signal::XFSZ) {
            let _ = signal_hook::flag::register(Signal::XFSZ.as_raw(), Arc::default());
        }
    });
}
