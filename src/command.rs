//! A thin file per verb: from arguments to bytes on standard output.

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

use crate::broker::{self, Given};
use crate::cli::{Flags, TerraformVerb, Verb};
use crate::error::{Error, Kind, Result};
use crate::settings::{self, Layers, Origin, Query, Settings, names};
use crate::text;
use crate::world::World;

/// Runs one verb; returns the exit code of one that succeeded. Only `exec` has
/// another than 0: its command's.
pub(crate) fn run(verb: Verb, world: &mut World) -> Result<u8> {
    let done = match verb {
        Verb::Exec(args) => return exec::run(args, world),
        Verb::ExecWatchdog => exec::watch(world),
        Verb::External(args) => external::run(args.flags(), world),
        Verb::Env(args) => env::run(args.flags(), world),
        Verb::Get(args) => get::run(args.flags(), world),
        Verb::Gateway(args) => gateway::run(args.until_stdin_closes, args.flags(), world),
        Verb::Status(args) => status::run(args.flags(), world),
        Verb::Doctor(args) => doctor::run(args.flags(), world),
        Verb::Cache(args) => cache::run(args.verb, args.flags(), world),
        Verb::Terraform { verb: TerraformVerb::Install { mirror } } => {
            terraform::install(mirror, world)
        }
        Verb::Regions => regions::run(world),
        Verb::Demo => demo::run(world),
        Verb::Sandbox(args) => sandbox::run(&args, world),
        Verb::Completions { shell } => completions::run(shell, world),
        Verb::Man { verb } => man::run(&verb, world),
    };
    done.map(|()| 0)
}

/// The sources of the settings, complete.
fn layers(flags: settings::Flags, query: Query, world: &World) -> Result<Layers> {
    let mut layers = Layers::new(flags, query, &world.env);
    world.talk.set_verbosity(layers.verbosity()?);
    layers.load_profile_and_warn(world).map_err(Error::with_doctor)?;
    Ok(layers)
}

/// The settings.
fn resolve(layers: &Layers, world: &mut World) -> Result<Settings> {
    settings::resolve(layers, world).map_err(Error::with_doctor)
}

/// A token that satisfies the settings, which were resolved from `layers`.
fn token_of(settings: &Settings, layers: &Layers, world: &World) -> Result<Given> {
    broker::token(settings, world)
        .map_err(|error| settings::attribute(error, layers, &world.env).with_doctor())
}

/// The settings, and a token that satisfies them.
fn token(layers: &Layers, world: &mut World) -> Result<(Settings, Given)> {
    let settings = resolve(layers, world)?;
    let given = token_of(&settings, layers, world)?;
    Ok((settings, given))
}

/// The path that a flag which is no setting was given: `~/` is the home directory.
fn given_path(flag: &'static str, path: &Path, world: &World) -> Result<PathBuf> {
    let refused =
        |why: &dyn std::fmt::Display| Origin::Flag(flag).refused(&format!("the path {why}"));
    let text = text::clean(path.as_os_str().as_encoded_bytes()).map_err(|bad| refused(&bad))?;
    text::path(text, world.places.home.as_deref()).map_err(|bad| refused(&bad))
}

/// Writes a result, whole or not at all.
pub(crate) fn print(world: &mut World, bytes: &[u8]) -> Result<()> {
    let written = world.stdout.write_all(bytes).and_then(|()| world.stdout.flush());
    written
        .map_err(|error| Error::new(Kind::Output, "cannot write to standard output").because(error))
}

/// Refuses a value that is none of a list.
fn one_of<T: Copy>(
    layers: &Layers,
    setting: &'static names::Setting,
    of: &[(&str, T)],
    default: T,
) -> Result<T> {
    let Some(given) = layers.find(setting) else {
        return Ok(default);
    };
    of.iter().find(|(name, _)| given.value == *name).map(|(_, value)| *value).ok_or_else(|| {
        let known: Vec<_> = of.iter().map(|(name, _)| *name).collect();
        given.refused("is unknown").hint(format!("one of {}", known.join(", ")))
    })
}
