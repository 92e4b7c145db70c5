//! `gc-token` hands out a Genesys Cloud access token that is known, by
//! measurement, to live long enough.
//!
//! Read on in the order of a token's way:
//! [`cli`] → [`settings`] → [`broker`] → [`cache`] or [`endpoint`] →
//! [`token`] and [`clock`] → [`output`]. What touches the outside world stands
//! in [`world`]; [`command`] has a thin file per verb. Runs that outlive a token
//! begin with [`exec`], [`gateway`] or [`intercept`]; what happens to a request is
//! in [`relay`].
//!
//! Everything of one kind passes one gate: what people give, [`text`]; files that
//! another user might control, `ownership`; programs that are started, [`child`];
//! what messages quote, `sanitize`.

pub mod api;
pub mod broker;
pub mod cache;
mod certificate;
pub mod child;
pub mod cli;
pub mod clock;
pub mod command;
pub mod completion;
pub mod demo;
pub mod doctor;
pub mod duration;
pub mod endpoint;
pub mod error;
pub mod exec;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
pub mod gateway;
mod http;
pub mod intercept;
mod no_proxy;
pub mod output;
mod ownership;
mod pid_namespace;
pub mod plugin;
pub mod provider;
mod random;
pub mod region;
pub mod relay;
pub mod sandbox;
mod sanitize;
pub mod settings;
pub mod text;
pub mod token;
pub mod world;

use std::ffi::OsString;
use std::io::Write;

use clap::Parser;

use cli::Cli;
use error::{Error, Kind};
use provider::TokenProvider;
use world::World;

/// Runs a command line, `args[0]` included; returns the exit code.
pub fn run(args: &[OsString], world: &mut World) -> u8 {
    if world.env.os(completion::VARIABLE).is_some() {
        return completion::answer(args, world).map_or_else(|error| report(&error, world), |()| 0);
    }
    let result = match plugin::is_wanted(&world.env, args.get(1..).unwrap_or_default()) {
        Ok(false) => match Cli::try_parse_from(args) {
            Ok(cli) => command::run(cli.verb, world),
            Err(refusal) => return explain(refusal, args, world),
        },
        Ok(true) => plugin::serve(TokenProvider::new(world), world).map(|()| 0),
        Err(error) => Err(error),
    };
    match result {
        Ok(code) => code,
        Err(error) => report(&error, world),
    }
}

/// Says what went wrong.
fn report(error: &Error, world: &World) -> u8 {
    world.talk.error(error);
    error.kind.exit_code()
}

/// Help goes to standard output and is no failure; a command line that cannot
/// be understood is one.
fn explain(refusal: clap::Error, args: &[OsString], world: &mut World) -> u8 {
    if !refusal.use_stderr() {
        let printed = command::print(world, refusal.render().to_string().as_bytes());
        return printed.map_or_else(|error| report(&error, world), |()| 0);
    }
    let statement = command::env::failure(args, &world.env).unwrap_or_default();
    let _ = world.stdout.write_all(statement.as_bytes());
    world.talk.error(cli::refusal::text(refusal, args));
    Kind::Usage.exit_code()
}
