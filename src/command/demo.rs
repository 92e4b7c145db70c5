//! `demo`: the fault that the program is for, with no account.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::stop::Stop;
use crate::context::{Context, StandardStreams};
use crate::demo;
use crate::error::{Error, Kind, Result};

/// Prints as it goes: the report takes as long as its tokens live, and a claim
/// that does not come true is to be seen where it was made.
pub(super) fn run(context: &Context, streams: &mut StandardStreams) -> Result<()> {
    let interrupted = watch()
        .map_err(|why| Error::new(Kind::System, "cannot listen to signals").with_source(why))?;
    demo::run(context.clock.clone(), &mut *streams.stdout, &interrupted)
}

/// A flag that the first SIGINT or SIGTERM raises, so that the demo ends in
/// good order and takes its files along. The thread ends with the process.
fn watch() -> io::Result<Arc<AtomicBool>> {
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
