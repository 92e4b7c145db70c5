//! `ci`: prints or writes a recipe for a CI system, for the settings at hand.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

use clap::ValueEnum;

use super::{load_layers, path_from_flag};
use crate::ci::{self, ArchiveChecksums, CiSystem, RecipeFile, RecipeStore, RecipeValues};
use crate::cli::CiArgs;
use crate::config::{
    self, BucketProvider, Layers, Origin, Query, Setting, Sourced, StoreLocation, table,
};
use crate::context::{Context, Environment, StandardStreams};
use crate::error::{Error, Kind, Result};
use crate::platform::OpenedFile;
use crate::text::{self, shown};

pub(super) fn run(args: CiArgs, context: &Context, streams: &mut StandardStreams) -> Result<()> {
    let layers = load_layers(args.settings.flags, Query::default(), context)?;
    let checksums = match &args.sums {
        Some(path) => read_checksums(&path_from_flag("sums", path, context)?)?,
        None => ArchiveChecksums::default(),
    };
    let Some(system) = args.system.or_else(|| detected_system(&context.env)) else {
        let list = streams.screen(&context.env).wrap_values(&list_systems(), NAME_WIDTH);
        return streams.print(list.as_bytes());
    };
    if args.sums.is_none() && system != CiSystem::Hcp {
        context.reporter.hint(
            "no checksum is pinned, so the recipe installs nothing: download SHA256SUMS of the \
             release, and add --sums SHA256SUMS",
        );
    }
    let values = recipe_values(&layers, &context.env, checksums)?;
    if values.store == Some(RecipeStore::Redis)
        && let Some(origin) = config::other_store_password(&layers)
    {
        context.reporter.warn(format_args!(
            "{origin} has no effect in a recipe: there, the password of the store is in \
             GC_TOKEN_STORE_PASSWORD"
        ));
    }
    let recipe = system.recipe(&values);
    match &args.write {
        Some(directory) => {
            write_files(&path_from_flag("write", directory, context)?, &recipe, streams)
        }
        None => streams.print(recipe[0].text.as_bytes()),
    }
}

fn detected_system(env: &Environment) -> Option<CiSystem> {
    let mut systems = CiSystem::value_variants().iter().copied();
    systems.find(|system| env.os(system.marker()).is_some_and(|value| !value.is_empty()))
}

const NAME_WIDTH: usize = 10;

fn list_systems() -> String {
    let row = |system: &CiSystem| {
        let value = system.to_possible_value().expect("no system is hidden");
        let help = value.get_help().map(ToString::to_string).unwrap_or_default();
        format!("{:<NAME_WIDTH$}{help}\n", system.name())
    };
    CiSystem::value_variants().iter().map(row).collect()
}

const MIN_TTL: &str = "30m";

const PORTABLE: [&Setting; 10] = [
    &table::LOGIN_URL,
    &table::API_URL,
    &table::TOKEN_URL,
    &table::CLIENT_AUTH,
    &table::SCOPE,
    &table::AUDIENCE,
    &table::SKEW,
    &table::IDLE_TIMEOUT,
    &table::VERIFY,
    &table::TIMEOUT,
];

const OF_STORE: [&Setting; 2] = [&table::STORE_TIMEOUT, &table::STORE_REQUIRED];

fn recipe_values(
    layers: &Layers,
    env: &Environment,
    checksums: ArchiveChecksums,
) -> Result<RecipeValues> {
    config::check_portable(layers)?;
    let mut variables = Vec::new();
    if let Some(region) = config::region(layers)? {
        variables.push(("GENESYSCLOUD_REGION", region.aws.to_owned()));
    }
    let store = layers.find(&table::STORE);
    let store = if layers.bool(&table::NO_STORE)? { None } else { store };
    let of_store = OF_STORE.into_iter().filter(|_| store.is_some());
    for setting in PORTABLE.into_iter().chain(of_store) {
        if let Some(given) = layers.find(setting) {
            variables.push((setting.variables[0], plain_value(&given)?));
        }
    }
    // The location of a store may name a user, and `check_portable` has refused a password.
    let store = store.map(|given| {
        if !ci::is_plain(&given.value) {
            return Err(not_plain(&given));
        }
        let store = recipe_store(&StoreLocation::parse(&given)?);
        variables.push((table::STORE.variables[0], given.value));
        Ok(store)
    });
    let store = store.transpose()?;
    let min_ttl = layers.find(&table::MIN_TTL);
    let min_ttl = min_ttl.map_or_else(|| Ok(MIN_TTL.to_owned()), |given| single_word(&given))?;
    let client_id_variable = match layers.find(&table::CLIENT_ID).map(|given| given.origin) {
        Some(Origin::Variable(name)) => name,
        _ => table::CLIENT_ID.variables[1],
    };
    let secret = table::SECRET_VARIABLES.into_iter().find(|name| env.text(name).is_some());
    let client_secret_variable = secret.unwrap_or(table::SECRET_VARIABLES[1]);
    Ok(RecipeValues {
        variables,
        client_id_variable,
        client_secret_variable,
        min_ttl,
        checksums,
        store,
    })
}

fn recipe_store(location: &StoreLocation) -> RecipeStore {
    match location {
        StoreLocation::Redis(_) => RecipeStore::Redis,
        StoreLocation::Bucket { provider, .. } => RecipeStore::Bucket(match provider {
            BucketProvider::S3 => {
                "AWS_REGION with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or OIDC"
            }
            BucketProvider::GoogleCloud => "GOOGLE_CREDENTIALS, or OIDC",
            BucketProvider::Azure => {
                "AZURE_STORAGE_ACCOUNT_NAME with AZURE_STORAGE_ACCOUNT_KEY, or OIDC"
            }
        }),
    }
}

/// # Errors
/// If a notation could change the value, or if the value may be a secret: recipes are
/// committed.
fn plain_value(given: &Sourced) -> Result<String> {
    if ci::is_plain(&given.value) && shown::plain(&given.value) == given.value {
        return Ok(given.value.clone());
    }
    Err(not_plain(given))
}

fn not_plain(given: &Sourced) -> Error {
    let hint = format!("letters, digits, spaces and {}, and no password", ci::PUNCTUATION.trim());
    given.refused("cannot stand in a recipe").with_hint(hint)
}

fn single_word(given: &Sourced) -> Result<String> {
    let value = plain_value(given)?;
    Ok(value.replace(' ', ""))
}

const MAX_SUMS_BYTES: u64 = 1 << 20;

fn read_checksums(path: &Path) -> Result<ArchiveChecksums> {
    let origin = Origin::Flag("sums");
    let unreadable = || origin.refused(&format!("cannot read {}", path.display()));
    let opened = OpenedFile::open_regular(path);
    let bytes = opened.and_then(|file| file.read(MAX_SUMS_BYTES));
    let bytes = bytes.map_err(|error| unreadable().with_source(error))?;
    let text = text::utf8(&bytes).map_err(|bad| unreadable().with_cause(format!("it {bad}")))?;
    ci::read_checksums(text).ok_or_else(|| {
        origin
            .refused(&format!("{} has no archive of this version", path.display()))
            .with_hint("download SHA256SUMS of the release that gc-token --version names")
    })
}

/// Writes the files and prints their paths. Writes none if one exists with another text.
fn write_files(
    directory: &Path,
    recipe: &[RecipeFile],
    streams: &mut StandardStreams,
) -> Result<()> {
    let unwritable = |path: &Path, error| {
        Error::new(Kind::Output, format!("cannot write {}", path.display())).with_source(error)
    };
    let mut missing = Vec::new();
    for file in recipe {
        let path = directory.join(file.path);
        match fs::read(&path) {
            Ok(text) if text == file.text.as_bytes() => {}
            Ok(_) => return Err(already_there(&path)),
            Err(error) if error.kind() == ErrorKind::NotFound => missing.push((path, &file.text)),
            Err(error) => return Err(unwritable(&path, error)),
        }
    }
    for (path, text) in missing {
        let parent = path.parent().expect("a file has a directory");
        fs::create_dir_all(parent)
            .and_then(|()| fs::File::create_new(&path))
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|error| unwritable(&path, error))?;
    }
    let paths = recipe.iter().map(|file| format!("{}\n", directory.join(file.path).display()));
    streams.print(paths.collect::<String>().as_bytes())
}

fn already_there(path: &Path) -> Error {
    Error::new(Kind::Configuration, format!("{} exists and has another text", path.display()))
        .with_hint("remove it, or write to another directory and compare")
}
