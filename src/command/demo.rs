//! `demo`: shows, without an account, the failure that gc-token prevents.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::stop::Stop;
use crate::context::{Context, StandardStreams};
use crate::demo;
use crate::error::{Error, Kind, Result};

/// Prints each step when it happens: the demo takes as long as its tokens live.
pub(super) fn run(context: &Context, streams: &mut StandardStreams) -> Result<()> {
    let interrupted = watch_for_signals()
        .map_err(|error| Error::new(Kind::System, "cannot handle signals").with_source(error))?;
    let screen = streams.screen(&context.env);
    demo::run(context.clock.clone(), &mut *streams.stdout, screen, &interrupted)
}

/// Returns a flag that the first SIGINT or SIGTERM sets, so that the demo can remove its
/// files. The thread ends with the process.
fn watch_for_signals() -> io::Result<Arc<AtomicBool>> {
    let runtime = crate::context::runtime()?;
    let mut stop = {
        let _inside = runtime.enter();
        Stop::listen()?
    };
    let flag = Arc::new(AtomicBool::new(false));
    let raised = flag.clone();
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        runtime.block_on(stop.wait());
        raised.store(true, Ordering::Relaxed);
    })?;
    Ok(flag)
}
