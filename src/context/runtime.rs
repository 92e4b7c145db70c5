//! The runtime that requests are sent and served in.

use std::io;
use std::os::unix::net::UnixStream;

use tokio::runtime::{Builder, Runtime};

/// A runtime of the current thread: one is enough, nginx's workers have no more.
///
/// # Errors
/// Where the system has no means for it, as when too few files can be opened: the
/// library has some made at its first use, and panics without them.
pub(crate) fn runtime() -> io::Result<Runtime> {
    let spare: [io::Result<_>; 3] = [(); 3].map(|()| UnixStream::pair());
    for pair in spare {
        pair?;
    }
    Builder::new_current_thread().enable_all().build()
}
