//! Resources of the async runtime.

use std::io;
use std::os::unix::net::UnixStream;

/// Checks that the runtime can create its pipes for signals and wake-ups: it panics where
/// too few files can be opened.
pub(crate) fn check_runtime_resources() -> io::Result<()> {
    let probes: [io::Result<_>; 3] = [(); 3].map(|()| UnixStream::pair());
    for pair in probes {
        pair?;
    }
    Ok(())
}
