//! Collects the real world, runs the command, exits.

use std::ffi::OsString;
use std::process::ExitCode;

use gc_token::context::{Context, end_process_1_by_signals, protect_memory};

fn main() -> ExitCode {
    end_process_1_by_signals();
    protect_memory();
    let args: Vec<OsString> = std::env::args_os().collect();
    ExitCode::from(gc_token::run(&args, &mut Context::real()))
}
