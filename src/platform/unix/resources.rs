//! Processes, memory and file descriptors that the system may refuse.

use std::io;
use std::os::unix::net::UnixStream;

use rustix::io::Errno;

/// Checks that the runtime can create its pipes for signals and wake-ups: it panics where
/// too few files can be opened.
pub(crate) fn check_runtime_resources() -> io::Result<()> {
    let probes: [io::Result<_>; 3] = [(); 3].map(|()| UnixStream::pair());
    for pair in probes {
        pair?;
    }
    Ok(())
}

pub(crate) fn is_resource_exhaustion(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::AGAIN | Errno::NOMEM | Errno::MFILE | Errno::NFILE)
    )
}
