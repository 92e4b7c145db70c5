//! Runs the command line in the context of this process.

use std::ffi::OsString;
use std::process::ExitCode;

use gc_token::{Context, StandardStreams, end_process, init_process};

#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    init_process();
    let args: Vec<OsString> = std::env::args_os().collect();
    let code = gc_token::run(&args, &Context::process(), &mut StandardStreams::process());
    end_process();
    ExitCode::from(code)
}
