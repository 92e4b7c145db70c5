//! `gc-token` hands out a Genesys Cloud access token that is known, by
//! measurement, to live long enough.
//!
//! The library exists for the program and its tests: [`run`] is all that it offers, and
//! there are no semver guarantees.
//!
//! Reading order, along the path of a token: [`cli`] parses the command line,
//! [`config`] resolves the settings, [`broker`] reads the [`cache`] or asks the issuer
//! ([`oauth`]), [`token`] and [`clock`] decide, [`output`] renders. [`context`] is the
//! only access to the outside world, and [`command`] has one file per subcommand. Runs
//! that outlive a token start in [`exec`]; [`proxy`] forwards their requests.
//!
//! Each kind of input passes one check: [`text`] for values that people give, `platform`
//! for files that another user might control, [`child`] for programs that are started,
//! and `sanitize` for foreign text in messages.

mod box_error;
#[doc(hidden)]
pub mod broker;
#[doc(hidden)]
pub mod cache;
mod certificate;
#[doc(hidden)]
pub mod child;
#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod clock;
#[doc(hidden)]
pub mod command;
#[doc(hidden)]
pub mod completion;
#[doc(hidden)]
pub mod config;
#[doc(hidden)]
pub mod context;
#[doc(hidden)]
pub mod demo;
#[doc(hidden)]
pub mod doctor;
#[doc(hidden)]
pub mod duration;
#[doc(hidden)]
pub mod error;
#[doc(hidden)]
pub mod exec;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod host;
mod listener;
mod net;
#[doc(hidden)]
pub mod oauth;
#[doc(hidden)]
pub mod output;
#[doc(hidden)]
pub mod platform;
#[doc(hidden)]
pub mod proxy;
mod random;
#[doc(hidden)]
pub mod region;
#[doc(hidden)]
pub mod sandbox;
mod sanitize;
mod sync;
#[doc(hidden)]
pub mod terraform;
#[doc(hidden)]
pub mod text;
#[doc(hidden)]
pub mod token;

use std::ffi::OsString;
use std::io::Write;

use clap::Parser;

use cli::Cli;
use context::{Context, StandardStreams};
use error::{Error, Kind};
use terraform::plugin;
use terraform::provider::TokenProvider;

/// Runs a command line, `args[0]` included; returns the exit code.
pub fn run(args: &[OsString], context: &Context, streams: &mut StandardStreams) -> u8 {
    if context.env.os(completion::VARIABLE).is_some() {
        return completion::answer(args, context, streams)
            .map_or_else(|error| report(&error, context), |()| 0);
    }
    let result = match plugin::is_wanted(&context.env, args.get(1..).unwrap_or_default()) {
        Ok(false) => match Cli::try_parse_from(args) {
            Ok(cli) => command::run(cli.command, context, streams),
            Err(refusal) => return explain(refusal, args, context, streams),
        },
        Ok(true) => {
            plugin::serve(TokenProvider::new(context), context, &mut *streams.stdout).map(|()| 0)
        }
        Err(error) => Err(error),
    };
    match result {
        Ok(code) => code,
        Err(error) => report(&error, context),
    }
}

/// Says what went wrong.
fn report(error: &Error, context: &Context) -> u8 {
    context.reporter.error(error);
    error.kind.exit_code()
}

/// Help goes to standard output and is no failure; a command line that cannot
/// be understood is one.
fn explain(
    refusal: clap::Error,
    args: &[OsString],
    context: &Context,
    streams: &mut StandardStreams,
) -> u8 {
    if !refusal.use_stderr() {
        let printed = command::print(streams, refusal.render().to_string().as_bytes());
        return printed.map_or_else(|error| report(&error, context), |()| 0);
    }
    let statement = command::env::failure(args, &context.env).unwrap_or_default();
    let _ = streams.stdout.write_all(statement.as_bytes());
    context.reporter.error(cli::refusal::text(refusal, args));
    Kind::Usage.exit_code()
}
