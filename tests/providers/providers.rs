//! Providers for tests, on the plugin layer: `external`, or `probe` when
//! `GC_TOKEN_TEST_PROVIDER` says so. Built by `cargo test`, installed nowhere.

mod external;
mod probe;
mod program;

use std::process::ExitCode;

use gc_token::plugin;
use gc_token::world::World;

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().skip(1).collect();
    let mut world = World::real();
    let probe = world.env.text("GC_TOKEN_TEST_PROVIDER").is_some_and(|name| name == "probe");
    let served = match plugin::is_wanted(&world.env, &args) {
        Ok(true) if probe => plugin::serve(probe::Probe::new(&world), &mut world),
        Ok(true) => plugin::serve(external::External, &mut world),
        Ok(false) => {
            world.talk.warn("these are Terraform providers for tests; Terraform starts them");
            Ok(())
        }
        Err(error) => Err(error),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            world.talk.warn(&error);
            ExitCode::from(error.kind.exit_code())
        }
    }
}
