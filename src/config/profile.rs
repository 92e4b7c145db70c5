//! Profiles: from `config.toml` in the user's config directory, or unchanged from the
//! vendor CLI's `~/.gc/config.toml`.

mod file;

use std::fmt;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use toml::{Table, Value};

use file::ProfileError;

use super::origin::{Origin, Sourced};
use super::setting::Setting;
use super::table::{self, CLIENT_SECRET};
use super::unknown;
use crate::context::{Context, NO_HOME};
use crate::error::{Error, Kind, Result};
use crate::platform::TamperRisk;
use crate::text;
use crate::text::shown;

pub(super) struct Profile {
    name: String,
    file: PathBuf,
    table: Table,
    format: &'static ProfileFormat,
    is_readable_by_others: bool,
    risk: Option<TamperRisk>,
    /// False for the default profile.
    pub(super) was_named: bool,
}

/// The names that a kind of file uses.
struct ProfileFormat {
    default_profile: &'static str,
    region: &'static str,
    client_id: &'static str,
    refuses_unknown_keys: bool,
}

const OURS: ProfileFormat = ProfileFormat {
    default_profile: "default",
    region: "region",
    client_id: "client_id",
    refuses_unknown_keys: true,
};

/// The vendor's CLI calls the client's *id* `client_credentials`, and has keys
/// of its own.
const VENDOR: ProfileFormat = ProfileFormat {
    default_profile: "DEFAULT",
    region: "environment",
    client_id: "client_credentials",
    refuses_unknown_keys: false,
};

impl Profile {
    /// Loads the named profile, or the default one if it exists.
    ///
    /// Without a name, a file that cannot be read is skipped, and so is an invalid file of
    /// the vendor's: their errors go to `passed_over`. Lines about keys outside every
    /// profile go to `ignored`.
    pub(super) fn load(
        named: Option<&Sourced>,
        passed_over: &mut Vec<Error>,
        ignored: &mut Vec<String>,
        context: &Context,
    ) -> Result<Option<Profile>> {
        let files = file::all(context);
        for (file, format) in &files {
            match Profile::find_in(file, format, named, ignored) {
                Ok(None) => {}
                Ok(Some(profile)) => {
                    profile.warn_if_readable(context);
                    return Ok(Some(profile));
                }
                Err(ProfileError::Unreadable(error)) if named.is_none() => passed_over.push(error),
                Err(ProfileError::Invalid(error))
                    if named.is_none() && !format.refuses_unknown_keys =>
                {
                    passed_over.push(error);
                }
                Err(error) => return Err(error.into_error()),
            }
        }
        match named {
            None => Ok(None),
            Some(given) => Err(no_such_profile(given, &files, &profile_names(context))),
        }
    }

    /// Loads a profile as [`Profile::load`] does, without a look at its keys and values.
    pub(super) fn load_unchecked(
        named: Option<&Sourced>,
        context: &Context,
    ) -> Result<Option<Profile>> {
        let files = file::all(context);
        for (file, format) in &files {
            match Profile::find_unchecked(file, format, named, &mut Vec::new()) {
                Ok(None) => {}
                Ok(profile) => return Ok(profile),
                Err(error) => return Err(error.into_error()),
            }
        }
        match named {
            None => Ok(None),
            Some(given) => Err(no_such_profile(given, &files, &profile_names(context))),
        }
    }

    fn find_in(
        file: &Path,
        format: &'static ProfileFormat,
        named: Option<&Sourced>,
        ignored: &mut Vec<String>,
    ) -> Result<Option<Profile>, ProfileError> {
        let profile = Profile::find_unchecked(file, format, named, ignored)?;
        if let Some(profile) = &profile {
            profile.check_keys().map_err(ProfileError::Invalid)?;
        }
        Ok(profile)
    }

    fn find_unchecked(
        file: &Path,
        format: &'static ProfileFormat,
        named: Option<&Sourced>,
        ignored: &mut Vec<String>,
    ) -> Result<Option<Profile>, ProfileError> {
        let Some(mut content) = file::read(file)? else {
            return Ok(None);
        };
        if format.refuses_unknown_keys {
            ignored.extend(unknown::keys_outside_profiles(file, &content.table));
        }
        let name = named.map_or(format.default_profile, |given| &given.value);
        let table = match content.table.remove(name) {
            None => return Ok(None),
            Some(Value::Table(table)) => table,
            Some(_) => {
                let why = format!("{name:?} is not a table");
                return Err(ProfileError::Invalid(file::unusable(file).with_cause(why)));
            }
        };
        Ok(Some(Profile {
            name: name.to_owned(),
            file: file.to_owned(),
            table,
            format,
            is_readable_by_others: content.is_readable_by_others,
            risk: content.risk,
            was_named: named.is_some(),
        }))
    }

    /// Returns the name for messages.
    pub(super) fn shown_name(&self) -> String {
        shown::plain(&self.name)
    }

    /// Reads the file again to find the line of a key.
    pub(super) fn line_of(&self, key: &str) -> Option<usize> {
        file::line_of(&self.file, &self.name, key)
    }

    pub(super) fn tamper_risk(&self) -> Option<&TamperRisk> {
        self.risk.as_ref()
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    pub(super) fn find(&self, setting: &Setting) -> Option<Sourced> {
        if !setting.in_profile {
            return None;
        }
        let key = self.key_of(setting);
        let value = match self.table.get(key)? {
            Value::String(value) if text::is_empty(value.as_bytes()) => return None,
            Value::String(value) => text::trim(value).to_owned(),
            Value::Integer(value) => value.to_string(),
            Value::Float(value) => value.to_string(),
            Value::Boolean(value) => value.to_string(),
            // Refused when the profile was read.
            _ => return None,
        };
        Some(Sourced { value, origin: self.origin(key) })
    }

    pub(super) fn secret(&self) -> Option<SecretString> {
        let secret = self.table.get(CLIENT_SECRET)?.as_str()?;
        (!text::is_empty(secret.as_bytes())).then(|| secret.into())
    }

    pub(super) fn secret_location(&self) -> ProfileSecret {
        ProfileSecret { profile: self.name.clone(), file: self.file.clone() }
    }

    /// Returns the arguments of a command, which is one of [`table::COMMANDS`].
    pub(super) fn command(&self, key: &str) -> Result<Option<Vec<String>>> {
        let Some(value) = self.table.get(key) else {
            return Ok(None);
        };
        let argument = |value: &Value| value.as_str().map(str::to_owned);
        let argv: Option<Vec<_>> =
            value.as_array().and_then(|values| values.iter().map(argument).collect());
        match argv {
            Some(argv) if !argv.is_empty() => Ok(Some(argv)),
            _ => Err(Error::new(
                Kind::Configuration,
                format!("{} is not a list of strings", self.origin(key)),
            )
            .with_hint(
                r#"write it as a list, for no shell is involved: ["pass", "show", "genesys"]"#,
            )),
        }
    }

    pub(super) fn origin(&self, key: &str) -> Origin {
        let file = self.file.clone();
        Origin::Profile { profile: self.name.clone(), key: key.to_owned(), file }
    }

    fn key_of(&self, setting: &Setting) -> &'static str {
        match setting.key {
            key if key == table::REGION.key => self.format.region,
            key if key == table::CLIENT_ID.key => self.format.client_id,
            key => key,
        }
    }

    fn check_keys(&self) -> Result<()> {
        match self.key_faults().into_iter().next() {
            Some((_, fault)) => Err(fault),
            None => self.check_vendor_region(),
        }
    }

    /// Returns each key that is not a setting, or has a value of another type.
    pub(super) fn key_faults(&self) -> Vec<(String, Error)> {
        let is_command = |key: &str| table::COMMANDS.contains(&key);
        let keys = self.table.iter().filter(|(key, _)| !is_command(key));
        keys.filter_map(|(key, value)| Some((key.clone(), self.key_fault(key, value)?))).collect()
    }

    fn key_fault(&self, key: &str, value: &Value) -> Option<Error> {
        let settings = || table::ALL.iter().filter(|setting| setting.in_profile);
        let fault =
            |is: &str| Some(Error::new(Kind::Configuration, format!("{} {is}", self.origin(key))));
        let is_known =
            key == CLIENT_SECRET || settings().any(|setting| self.key_of(setting) == key);
        if !is_known {
            let known = || {
                let keys = settings().map(|setting| setting.key);
                keys.chain([CLIENT_SECRET]).chain(table::COMMANDS)
            };
            let guess = match unknown::similar_name(key, known()) {
                Some(near) => format!("did you mean {near}? "),
                None => String::new(),
            };
            let all = known().collect::<Vec<_>>().join(", ");
            let fault = fault("is not a setting").filter(|_| self.format.refuses_unknown_keys);
            return fault.map(|error| error.with_hint(format!("{guess}known keys: {all}")));
        }
        if key == CLIENT_SECRET && !value.is_str() {
            return fault("is not a string").map(|error| error.with_hint("write it in quotes"));
        }
        if is_plain(value) { None } else { fault("is not a plain value") }
    }

    /// The vendor's CLI may know regions that this program does not.
    fn check_vendor_region(&self) -> Result<()> {
        match self.find(&table::REGION).filter(|_| !self.format.refuses_unknown_keys) {
            Some(region) => super::issuer::find_region(&region).map(|_| ()),
            None => Ok(()),
        }
    }

    fn warn_if_readable(&self, context: &Context) {
        if self.secret().is_some() && self.is_readable_by_others {
            let file = self.file.display();
            context.reporter.warn(format_args!(
                "{file} holds a client secret and other users may read it: chmod 600 {file}"
            ));
        }
    }
}

/// The location of a secret in a file of profiles.
#[derive(Debug, Clone)]
pub(super) struct ProfileSecret {
    profile: String,
    file: PathBuf,
}

impl ProfileSecret {
    /// # Errors
    /// If the secret is not there any more.
    pub(super) fn read(&self) -> Result<SecretString> {
        let content = file::read(&self.file).map_err(ProfileError::into_error)?;
        let table = content.as_ref().map(|content| &content.table);
        let secret = table.and_then(|table| table.get(&self.profile)?.get(CLIENT_SECRET)?.as_str());
        secret.map(Into::into).ok_or_else(|| {
            let message = format!("there is no {} any more", self.origin());
            Error::new(Kind::Configuration, message)
        })
    }

    pub(super) fn origin(&self) -> String {
        let ProfileSecret { profile, file } = self.clone();
        Origin::Profile { profile, key: CLIENT_SECRET.to_owned(), file }.to_string()
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "profile {:?} in {}", self.shown_name(), self.file.display())
    }
}

fn is_plain(value: &Value) -> bool {
    value.is_str() || value.is_integer() || value.is_float() || value.is_bool()
}

/// Lists all profiles; skips files that cannot be read.
pub(crate) fn profile_names(context: &Context) -> Vec<String> {
    let files = file::all(context).into_iter();
    let tables = files.filter_map(|(file, _)| Some(file::read(&file).ok()??.table));
    let named = tables.flatten().filter(|(_, value)| value.is_table());
    named.map(|(name, _)| name).filter(|name| !name.contains(char::is_control)).collect()
}

/// Returns all profiles of our own file, and the reasons why it cannot be read.
pub(super) fn all_unchecked(context: &Context) -> (Vec<Profile>, Vec<Error>) {
    let mut files =
        file::all(context).into_iter().filter(|(_, format)| format.refuses_unknown_keys);
    let Some((file, format)) = files.next() else {
        return (Vec::new(), Vec::new());
    };
    let content = match file::read(&file) {
        Ok(None) => return (Vec::new(), Vec::new()),
        Ok(Some(content)) => content,
        Err(error) => {
            let faults = file::syntax_errors(&file);
            let faults = if faults.is_empty() { vec![error.into_error()] } else { faults };
            return (Vec::new(), faults);
        }
    };
    let profiles = content.table.into_iter().filter_map(|(name, value)| {
        let Value::Table(table) = value else {
            return None;
        };
        Some(Profile {
            name,
            file: file.clone(),
            table,
            format,
            is_readable_by_others: content.is_readable_by_others,
            risk: content.risk.clone(),
            was_named: false,
        })
    });
    (profiles.collect(), Vec::new())
}

fn no_such_profile(
    given: &Sourced,
    files: &[(PathBuf, &ProfileFormat)],
    existing: &[String],
) -> Error {
    let places: Vec<_> = files.iter().map(|(file, _)| file.display().to_string()).collect();
    let error = given.refused("is not a profile");
    if places.is_empty() {
        return error.with_cause(NO_HOME).with_hint("set HOME");
    }
    let table = match shown::word(&given.value) {
        shown::HIDDEN => "a table of that name to the first file".to_owned(),
        name => {
            format!("a table [{name}] to the first file, as 'gc-token init --profile {name}' does")
        }
    };
    let known = existing.iter().map(String::as_str);
    let hint = match unknown::similar_name(&given.value, known).map(unknown::name_shown) {
        Some(near) if near != shown::HIDDEN => format!("did you mean {near}? Otherwise, add"),
        _ => "add".to_owned(),
    };
    error
        .with_cause(format!("looked in {}", places.join(" and ")))
        .with_hint(format!("{hint} {table}"))
}
