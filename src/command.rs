//! One thin file per command, from arguments to bytes on standard output.

mod cache;
mod ci;
mod completions;
mod configuration;
mod demo;
mod doctor;
pub(crate) mod env;
mod exec;
mod external;
mod gateway;
mod get;
mod init;
mod man;
mod regions;
mod replaced_file;
mod revoke;
mod run;
mod run_tokens;
pub mod sandbox;
mod service;
mod status;
mod stop;
mod terraform;
mod version;

use std::path::{Path, PathBuf};

use crate::broker::{self, ProvidedToken};
use crate::cli::{Cli, Command, ConfigCommand, TerraformCommand};
use crate::config::{self, Layers, Origin, Query, Settings, table};
use crate::context::{Context, StandardInput, StandardStreams};
use crate::error::{Error, Result};
use crate::text;

/// Returns 0, or the exit code of the command of `exec`.
pub(crate) fn run(cli: Cli, context: &Context, streams: &mut StandardStreams) -> Result<u8> {
    let Cli { command, quiet_flag } = cli;
    let by_variable = || config::bool_from_environment(&table::QUIET, &context.env);
    match (quiet_flag.map_or_else(by_variable, Ok), &command) {
        (Ok(is_quiet), _) => context.reporter.set_quiet(is_quiet),
        // Lists this mistake among the others.
        (Err(_), Command::Config { command: ConfigCommand::Check(_), .. }) => {}
        (Err(error), Command::Env(args)) => {
            return env::refuse(args.flags.clone(), error, context, streams);
        }
        (Err(error), _) => return Err(error),
    }
    let result = match command {
        Command::Exec(args) => return exec::run(args, context, streams),
        Command::ExecWatchdog => exec::run_watchdog(&mut streams.stdin),
        Command::Init(args) => init::run(args, context, streams),
        Command::External(args) => external::run(args.flags, context, streams),
        Command::Env(args) => env::run(args.flags, context, streams),
        Command::Get(args) => get::run(args.flags, context, streams),
        Command::Gateway(args) => {
            gateway::run(args.until_stdin_closes, args.settings.flags, context, streams)
        }
        Command::Status(args) => status::run(args.flags, context, streams),
        Command::Revoke(args) => revoke::run(args.flags, context, streams),
        Command::Doctor(args) => return doctor::run(args, context, streams),
        Command::Cache(args) => cache::run(args.command, args.settings.flags, context, streams),
        Command::Config { command, .. } => configuration::run(command, context, streams),
        Command::Terraform { command: TerraformCommand::Install { mirror, from }, .. } => {
            terraform::install(mirror, from, context, streams)
        }
        Command::Ci(args) => ci::run(args, context, streams),
        Command::Regions(_) => regions::run(streams),
        Command::Demo(_) => demo::run(context, streams),
        Command::Sandbox(args) => return sandbox::run(&args, context, streams),
        Command::Completions { shell, .. } => completions::run(shell, context, streams),
        Command::Version(args) => version::run(args.flags, context, streams),
        Command::Man { command, all, .. } => man::run(&command, all.as_deref(), context, streams),
    };
    result.map(|()| 0)
}

fn load_layers(flags: config::Flags, query: Query, context: &Context) -> Result<Layers> {
    let mut layers = Layers::new(flags, query, &context.env);
    context.reporter.set_verbosity(layers.verbosity()?);
    layers.load_profile_and_warn(context).map_err(Error::with_doctor_hint)?;
    Ok(layers)
}

fn resolve_settings(
    layers: &Layers,
    context: &Context,
    stdin: &mut StandardInput,
) -> Result<Settings> {
    config::resolve(layers, context, stdin).map_err(Error::with_doctor_hint)
}

/// `settings` have to be resolved from `layers`, which errors refer to.
fn get_token(settings: &Settings, layers: &Layers, context: &Context) -> Result<ProvidedToken> {
    broker::get_token(settings, context).map_err(|error| explained(error, layers, context))
}

fn explained(error: Error, layers: &Layers, context: &Context) -> Error {
    config::name_settings(error, layers, &context.env).with_doctor_hint()
}

fn resolve_and_get_token(
    layers: &Layers,
    context: &Context,
    stdin: &mut StandardInput,
) -> Result<(Settings, ProvidedToken)> {
    let settings = resolve_settings(layers, context, stdin)?;
    let provided = get_token(&settings, layers, context)?;
    Ok((settings, provided))
}

/// Checks the path in a flag that is not a setting, and expands `~/`.
fn path_from_flag(flag: &'static str, path: &Path, context: &Context) -> Result<PathBuf> {
    let refused =
        |why: &dyn std::fmt::Display| Origin::Flag(flag).refused(&format!("the path {why}"));
    let text = text::clean(path.as_os_str().as_encoded_bytes()).map_err(|bad| refused(&bad))?;
    text::path(text, context.directories.home.as_deref()).map_err(|bad| refused(&bad))
}
