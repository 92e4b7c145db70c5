//! Providers for tests, on the plugin layer: `external`, or `probe` when
//! `GC_TOKEN_TEST_PROVIDER` says so. Built by `cargo test`, installed nowhere.

mod external;
mod probe;
mod program;

use std::process::ExitCode;

use gc_token::internals::context::Context;
use gc_token::internals::terraform::plugin;

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().skip(1).collect();
    let context = Context::process();
    let mut stdout = std::io::stdout();
    let probe = context.env.text("GC_TOKEN_TEST_PROVIDER").is_some_and(|name| name == "probe");
    let served = match plugin::is_wanted(&context.env, &args) {
        Ok(true) if probe => plugin::serve(probe::Probe::new(&context), &context, &mut stdout),
        Ok(true) => plugin::serve(external::External, &context, &mut stdout),
        Ok(false) => {
            context.reporter.warn("these are Terraform providers for tests; Terraform starts them");
            Ok(())
        }
        Err(error) => Err(error),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            context.reporter.warn(&error);
            ExitCode::from(error.kind.exit_code())
        }
    }
}
