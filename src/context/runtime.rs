//! The runtime in which requests are sent and served.

use std::io;

use tokio::runtime::{Builder, Runtime};

use crate::platform::check_runtime_resources;

/// A runtime on the current thread: one is enough, nginx's workers have no more.
///
/// # Errors
/// When the system lacks resources for it, such as file descriptors.
pub(crate) fn runtime() -> io::Result<Runtime> {
    check_runtime_resources()?;
    Builder::new_current_thread().enable_all().build()
}
