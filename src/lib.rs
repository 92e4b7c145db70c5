//! `gc-token` hands out a Genesys Cloud access token that is known, by
//! measurement, to live long enough.
//!
//! The library exists for the program and its tests: [`run`] is all that it offers, and
//! there are no semver guarantees. Tests reach inside by way of `internals`.
//!
//! Reading order, along the path of a token: `cli` parses the command line,
//! `config` resolves the settings, `broker` reads the `cache` or asks the issuer
//! (`oauth`), `token` and `clock` decide, `output` renders. `context` is the
//! only access to the outside world, and `command` has one file per subcommand. Runs
//! that outlive a token start in `exec`; `proxy` forwards their requests, and `monitor`
//! shows how they do.
//!
//! Each kind of input passes one check: `text` for values that people give, `platform`
//! for files that another user might control, `child` for programs that are started,
//! and `sanitize` for foreign text in messages.

mod box_error;
mod broker;
mod build_info;
mod cache;
mod certificate;
mod child;
mod ci;
mod cli;
mod clock;
mod clock_chart;
mod command;
mod completion;
mod config;
mod context;
mod demo;
mod doctor;
mod duration;
mod error;
mod exec;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod host;
mod http_auth;
mod init;
#[doc(hidden)]
pub mod internals;
mod listener;
mod monitor;
mod net;
mod oauth;
mod output;
mod platform;
mod proxy;
mod random;
mod region;
mod sandbox;
mod sanitize;
mod store;
mod sync;
mod terraform;
mod text;
mod token;
mod web;
mod wording;

use std::ffi::OsString;
use std::io::Write;

use clap::error::ErrorKind;

use cli::{Cli, word_order};
use error::{Error, Kind, Result};
use terraform::plugin;
use terraform::provider::TokenProvider;

#[doc(hidden)]
pub use context::{Context, StandardStreams};
#[doc(hidden)]
pub use platform::{end_process, init_process};

/// Runs a command line, `args[0]` included; returns the exit code.
pub fn run(args: &[OsString], context: &Context, streams: &mut StandardStreams) -> u8 {
    if context.env.os(completion::VARIABLE).is_some() {
        return completion::respond(args, context, streams)
            .map_or_else(|error| report(&error, context), |()| 0);
    }
    let result = match plugin::is_wanted(&context.env, args.get(1..).unwrap_or_default()) {
        Ok(false) => {
            let args = &*word_order::command_first(args);
            match Cli::parse_words(args) {
                Ok(cli) => command::run(cli, context, streams),
                Err(refusal) => return explain(refusal, args, context, streams),
            }
        }
        Ok(true) => {
            plugin::serve(TokenProvider::new(context), context, &mut *streams.stdout).map(|()| 0)
        }
        Err(error) => Err(error),
    };
    context.reporter.end_progress();
    match result {
        Ok(code) => code,
        Err(error) => report(&error, context),
    }
}

fn report(error: &Error, context: &Context) -> u8 {
    context.reporter.error(error);
    error.kind.exit_code()
}

/// Help and the version go to standard output, and are no failure; a command line that cannot
/// be understood is one.
fn explain(
    refusal: clap::Error,
    args: &[OsString],
    context: &Context,
    streams: &mut StandardStreams,
) -> u8 {
    if !refusal.use_stderr() {
        let printed = print_requested(&refusal, args, context, streams);
        return printed.map_or_else(|error| report(&error, context), |()| 0);
    }
    let statement = command::env::failing_statement(args, &context.env).unwrap_or_default();
    let _ = streams.stdout.write_all(statement.as_bytes());
    if refusal.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let help = cli::help::requested(args).unwrap_or_else(|| refusal.render());
        context.reporter.plain_text(help.to_string().trim_end());
    } else {
        context.reporter.error(cli::refusal::message(refusal, args));
    }
    Kind::Usage.exit_code()
}

fn print_requested(
    request: &clap::Error,
    args: &[OsString],
    context: &Context,
    streams: &mut StandardStreams,
) -> Result<()> {
    let text = cli::help::requested(args).unwrap_or_else(|| request.render());
    let is_colored = streams.screen(&context.env).is_colored;
    let text = if is_colored { text.ansi().to_string() } else { text.to_string() };
    streams.print(text.as_bytes())
}
