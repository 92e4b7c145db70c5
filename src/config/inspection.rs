//! Each setting with its values, their origins and their mistakes, for people.

use std::path::Path;

use super::origin::{Origin, Sourced};
use super::profile::{self, Profile};
use super::setting::{DefaultValue, Setting, ValueType};
use super::{
    Layers, SecretSource, StoreLocation, StorePassword, issuer, pool, positive, resolve, table,
};
use crate::context::{Context, Environment, StandardInput};
use crate::error::{Error, Kind, Result};
use crate::text::shown;

/// A setting as `config show` prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectedSetting {
    pub name: &'static str,
    /// The value that counts comes first; those that it overrides follow.
    pub values: Vec<InspectedValue>,
    /// The default, unless it depends on something else.
    pub default: Option<String>,
    pub fault: Option<Error>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectedValue {
    /// Never a secret.
    pub shown: String,
    pub origin: Origin,
    /// In the file of the profile.
    pub line: Option<usize>,
}

/// Returns every setting that a token or a profile depends on.
pub fn inspect(layers: &Layers) -> Vec<InspectedSetting> {
    let is_shown = |setting: &&&'static Setting| {
        (setting.is_about_token() || setting.in_profile) && setting.value != ValueType::Count
    };
    let settings = table::ALL.iter().filter(is_shown);
    settings.map(|setting| inspect_setting(layers, setting)).collect()
}

fn inspect_setting(layers: &Layers, setting: &'static Setting) -> InspectedSetting {
    if *setting == table::CLIENT_SECRET_FILE {
        let values = secret_values(layers);
        return InspectedSetting { name: "client-secret", values, default: None, fault: None };
    }
    if *setting == table::STORE_PASSWORD_FILE {
        let values = store_password_values(layers);
        let fault = check_value(layers, setting).err();
        return InspectedSetting { name: "store-password", values, default: None, fault };
    }
    let values = layers.all_values(setting);
    let values = values
        .into_iter()
        .map(|given| inspected(layers, shown_value(setting, &given), given.origin));
    let default = match setting.default {
        DefaultValue::None => None,
        _ => setting.shown_default().map(String::from),
    };
    let fault = check_value(layers, setting).err();
    InspectedSetting { name: setting.flag, values: values.collect(), default, fault }
}

/// Returns a value as it can be given again, without what may be a secret.
pub(crate) fn shown_value(setting: &Setting, given: &Sourced) -> String {
    match StoreLocation::parse(given) {
        Ok(location) if *setting == table::STORE => location.to_string(),
        _ => given.shown(),
    }
}

fn inspected(layers: &Layers, shown: String, origin: Origin) -> InspectedValue {
    let line = match &origin {
        Origin::Profile { key, .. } => layers.profile.as_ref().and_then(|own| own.line_of(key)),
        _ => None,
    };
    InspectedValue { shown, origin, line }
}

/// Returns the places of the client secret, in their order of precedence.
fn secret_values(layers: &Layers) -> Vec<InspectedValue> {
    let mut places = Vec::new();
    for file in layers.all_values(&table::CLIENT_SECRET_FILE) {
        places.push((SecretSource::file_shown(&file.value), file.origin));
    }
    let variables = table::SECRET_VARIABLES.into_iter();
    let set = variables.filter(|name| layers.env.os(name).is_some());
    places.extend(set.map(|name| ("set".to_owned(), Origin::Variable(name))));
    if let Some(profile) = &layers.profile {
        if profile.secret().is_some() {
            places.push(("set".to_owned(), profile.origin(table::CLIENT_SECRET)));
        }
        places.extend(command_place(profile, table::CLIENT_SECRET_COMMAND));
    }
    places.into_iter().map(|(shown, origin)| inspected(layers, shown, origin)).collect()
}

/// Returns the places of the password of a store, in their order of precedence.
fn store_password_values(layers: &Layers) -> Vec<InspectedValue> {
    let files = layers.all_values(&table::STORE_PASSWORD_FILE).into_iter();
    let files = files.map(|file| (SecretSource::file_shown(&file.value), file.origin));
    let (by_flag, other_files): (Vec<_>, Vec<_>) = files.partition(|(_, origin)| origin.is_flag());
    let mut places = by_flag;
    let variable = table::STORE_PASSWORD_VARIABLE;
    if layers.env.os(variable).is_some() {
        places.push(("set".to_owned(), Origin::Variable(variable)));
    }
    places.extend(other_files);
    let profile = layers.profile.as_ref();
    places
        .extend(profile.and_then(|profile| command_place(profile, table::STORE_PASSWORD_COMMAND)));
    places.into_iter().map(|(shown, origin)| inspected(layers, shown, origin)).collect()
}

/// The arguments of a command may be private.
fn command_place(profile: &Profile, key: &str) -> Option<(String, Origin)> {
    let argv = profile.command(key).ok()??;
    Some((format!("from the command {}", shown::quoted(&argv[0])), profile.origin(key)))
}

/// Checks the value of a setting that counts, by itself.
fn check_value(layers: &Layers, setting: &'static Setting) -> Result<()> {
    layers.check_text_of(setting)?;
    let Some(given) = layers.find(setting) else {
        return Ok(());
    };
    match setting.value {
        ValueType::Duration
            if [table::TIMEOUT, table::IDLE_TIMEOUT, table::STORE_TIMEOUT].contains(setting) =>
        {
            positive(layers, setting).map(|_| ())
        }
        ValueType::File if *setting == table::STORE_PASSWORD_FILE => {
            StorePassword::check_file(&given)
        }
        ValueType::Text if *setting == table::STORE => StoreLocation::parse(&given).map(|_| ()),
        ValueType::Duration => layers.duration(setting).map(|_| ()),
        ValueType::Switch | ValueType::OptionalSwitch => layers.bool(setting).map(|_| ()),
        ValueType::Count => layers.verbosity().map(|_| ()),
        ValueType::Number { .. } if *setting == table::TOKENS => pool::tokens(layers).map(|_| ()),
        ValueType::Number { .. } => pool::request_rate(layers).map(|_| ()),
        ValueType::Region => issuer::find_region(&given).map(|_| ()),
        ValueType::Url => issuer::check_url(setting, &given),
        ValueType::Choice(values) if !values.contains(&&*given.value) => {
            let hint = format!("one of {}", values.join(", "));
            Err(given.refused("is unknown").with_hint(hint))
        }
        ValueType::Choice(_)
        | ValueType::Text
        | ValueType::File
        | ValueType::Directory
        | ValueType::Profile
        | ValueType::Shell => Ok(()),
    }
}

/// The result of `config check`.
#[derive(Debug)]
pub struct CheckedSettings {
    /// Mistakes of every source. Each mistake in `config.toml` begins with its file and line.
    pub faults: Vec<Error>,
    /// The names of the profiles in `config.toml`.
    pub profiles: Vec<String>,
}

/// Finds every mistake in the flags, in the environment and in all profiles of `config.toml`,
/// and then whether a token could be requested. No network. Warns as other commands do.
pub fn check(layers: &mut Layers, context: &Context, stdin: &mut StandardInput) -> CheckedSettings {
    let loaded = layers.load_profile_and_warn(context);
    let mut faults = value_faults(&layers.before_profile());
    let (profiles, unreadable) = profile::all_unchecked(context);
    faults.extend(unreadable);
    let names = profiles.iter().map(|profile| profile.shown_name()).collect();
    for profile in profiles {
        faults.extend(profile_faults(profile, layers.home()));
    }
    if faults.is_empty() {
        let resolved = loaded.and_then(|()| resolve(layers, context, stdin).map(|_| ()));
        faults.extend(resolved.err());
    }
    CheckedSettings { faults, profiles: names }
}

fn value_faults(layers: &Layers) -> Vec<Error> {
    table::ALL.iter().filter_map(|setting| check_value(layers, setting).err()).collect()
}

fn profile_faults(profile: Profile, home: Option<&Path>) -> Vec<Error> {
    let mut faults = profile.key_faults();
    for key in table::COMMANDS {
        faults.extend(profile.command(key).err().map(|error| (key.to_owned(), error)));
    }
    let alone = Layers::of_profile(profile, home);
    for setting in table::ALL {
        let origin = alone.find(setting).map(|given: Sourced| given.origin);
        if let Some(Origin::Profile { key, .. }) = origin
            && let Err(error) = check_value(&alone, setting)
        {
            faults.push((key, error));
        }
    }
    let Some(profile) = &alone.profile else {
        return Vec::new();
    };
    let place = |key: &str| (profile.line_of(key), profile.file());
    let mut faults: Vec<_> = faults.into_iter().map(|(key, error)| (place(&key), error)).collect();
    faults.sort_by_key(|((line, _), _)| *line);
    faults.into_iter().map(|((line, file), error)| located(error, file, line)).collect()
}

/// Puts the place in front of the message, in the form that editors understand.
fn located(error: Error, file: &Path, line: Option<usize>) -> Error {
    let Some(line) = line else {
        return error;
    };
    let file = file.display();
    let message = error.message.replacen(&format!(" in {file}"), "", 1);
    Error { kind: Kind::Configuration, message: format!("{file}:{line}: {message}"), ..error }
}

impl Layers {
    /// Returns the values of a setting; each overrides those after it.
    fn all_values(&self, setting: &'static Setting) -> Vec<Sourced> {
        let variables = setting.variables.iter().filter_map(|name| self.variable(name));
        let flag = self.in_flags(setting).into_iter();
        let profile = self.profile.iter().filter_map(|profile| profile.find(setting));
        flag.chain(variables).chain(profile).collect()
    }

    /// Returns the settings of a profile, without those of the environment.
    fn of_profile(profile: Profile, home: Option<&Path>) -> Layers {
        let mut layers = Layers::new(Vec::new(), super::Query::default(), &Environment::from([]));
        layers.profile = Some(profile);
        layers.set_home(home);
        layers
    }
}
