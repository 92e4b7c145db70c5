//! The limit on open files of this process.
//!
//! Systems begin with a soft limit of 1,024, for the sake of programs that use
//! select(2), and let each process raise it. Who serves many connections does,
//! and takes it back for the programs that it starts, as Go's runtime does.

use std::sync::OnceLock;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The limit as it was found.
static FOUND: OnceLock<Rlimit> = OnceLock::new();

/// Raises the soft limit to `wanted`, as far as the hard one allows, and returns
/// what it is then. Never lowers it.
pub(crate) fn raise_file_limit(wanted: u64) -> u64 {
    let found = FOUND.get_or_init(|| getrlimit(Resource::Nofile));
    let now = getrlimit(Resource::Nofile);
    let Some(soft) = now.current else {
        return u64::MAX;
    };
    let raised = wanted.min(found.maximum.unwrap_or(u64::MAX));
    if raised <= soft {
        return soft;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: Some(raised), ..now }) {
        Ok(()) => raised,
        Err(_) => soft,
    }
}

/// Does `work`, which starts a program, under the limit that was found: that is
/// what the program is to have.
pub(crate) fn with_former_file_limit<T>(work: impl FnOnce() -> T) -> T {
    let Some(found) = FOUND.get() else {
        return work();
    };
    let now = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: found.current, ..now });
    let done = work();
    let _ = setrlimit(Resource::Nofile, now);
    done
}
