//! A thin file per command: from arguments to bytes on standard output.

mod cache;
mod completions;
mod demo;
mod doctor;
pub(crate) mod env;
mod exec;
mod external;
mod gateway;
mod get;
mod man;
mod regions;
mod run;
pub mod sandbox;
mod status;
mod stop;
mod terraform;

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::broker::{self, ProvidedToken};
use crate::cli::{Command, Flags, TerraformCommand};
use crate::config::{self, Layers, Origin, Query, Settings, table};
use crate::context::Context;
use crate::error::{Error, Kind, Result};
use crate::text;

/// Runs one command; returns the exit code of one that succeeded. Only `exec` has
/// another than 0: its command's.
pub(crate) fn run(command: Command, context: &mut Context) -> Result<u8> {
    let done = match command {
        Command::Exec(args) => return exec::run(args, context),
        Command::ExecWatchdog => exec::watch(context),
        Command::External(args) => external::run(args.flags(), context),
        Command::Env(args) => env::run(args.flags(), context),
        Command::Get(args) => get::run(args.flags(), context),
        Command::Gateway(args) => gateway::run(args.until_stdin_closes, args.flags(), context),
        Command::Status(args) => status::run(args.flags(), context),
        Command::Doctor(args) => doctor::run(args.flags(), context),
        Command::Cache(args) => cache::run(args.command, args.flags(), context),
        Command::Terraform { command: TerraformCommand::Install { mirror } } => {
            terraform::install(mirror, context)
        }
        Command::Regions => regions::run(context),
        Command::Demo => demo::run(context),
        Command::Sandbox(args) => sandbox::run(&args, context),
        Command::Completions { shell } => completions::run(shell, context),
        Command::Man { command } => man::run(&command, context),
    };
    done.map(|()| 0)
}

/// The sources of the settings, complete.
fn layers(flags: config::Flags, query: Query, context: &Context) -> Result<Layers> {
    let mut layers = Layers::new(flags, query, &context.env);
    context.reporter.set_verbosity(layers.verbosity()?);
    layers.load_profile_and_warn(context).map_err(Error::with_doctor_hint)?;
    Ok(layers)
}

/// The settings.
fn resolve(layers: &Layers, context: &mut Context) -> Result<Settings> {
    config::resolve(layers, context).map_err(Error::with_doctor_hint)
}

/// A token that satisfies the settings, which were resolved from `layers`.
fn token_of(settings: &Settings, layers: &Layers, context: &Context) -> Result<ProvidedToken> {
    broker::get_token(settings, context)
        .map_err(|error| config::name_settings(error, layers, &context.env).with_doctor_hint())
}

/// The settings, and a token that satisfies them.
fn token(layers: &Layers, context: &mut Context) -> Result<(Settings, ProvidedToken)> {
    let settings = resolve(layers, context)?;
    let given = token_of(&settings, layers, context)?;
    Ok((settings, given))
}

/// The path that a flag which is no setting was given: `~/` is the home directory.
fn given_path(flag: &'static str, path: &Path, context: &Context) -> Result<PathBuf> {
    let refused =
        |why: &dyn std::fmt::Display| Origin::Flag(flag).refused(&format!("the path {why}"));
    let text = text::clean(path.as_os_str().as_encoded_bytes()).map_err(|bad| refused(&bad))?;
    text::path(text, context.directories.home.as_deref()).map_err(|bad| refused(&bad))
}

/// Writes a result, whole or not at all.
pub(crate) fn print(context: &mut Context, bytes: &[u8]) -> Result<()> {
    let written = context.stdout.write_all(bytes).and_then(|()| context.stdout.flush());
    written.map_err(|error| {
        Error::new(Kind::Output, "cannot write to standard output").with_source(error)
    })
}

/// Refuses a value that is none of a list.
fn one_of<T: Copy>(
    layers: &Layers,
    setting: &'static table::Setting,
    of: &[(&str, T)],
    default: T,
) -> Result<T> {
    let Some(given) = layers.find(setting) else {
        return Ok(default);
    };
    of.iter().find(|(name, _)| given.value == *name).map(|(_, value)| *value).ok_or_else(|| {
        let known: Vec<_> = of.iter().map(|(name, _)| *name).collect();
        given.refused("is unknown").with_hint(format!("one of {}", known.join(", ")))
    })
}
