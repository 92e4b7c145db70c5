//! Profiles: `config.toml` in the user's config directory, and the vendor
//! CLI's `~/.gc/config.toml` as it is.

mod file;

use std::fmt;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use toml::{Table, Value};

use file::ProfileError;

use super::origin::{Origin, Sourced};
use super::setting::Setting;
use super::table::{self, CLIENT_SECRET, CLIENT_SECRET_COMMAND};
use super::unknown;
use crate::context::{Context, NO_HOME};
use crate::error::{Error, Kind, Result};
use crate::platform::TamperRisk;
use crate::text;
use crate::text::shown;

/// One profile.
pub(super) struct Profile {
    name: String,
    file: PathBuf,
    table: Table,
    format: &'static ProfileFormat,
    /// Whether other users may read the file.
    readable: bool,
    /// The way in which another user could decide what the file holds.
    risk: Option<TamperRisk>,
    /// Whether the user named it, or it is the default one.
    pub(super) was_named: bool,
}

/// How a kind of file names things.
struct ProfileFormat {
    default_profile: &'static str,
    region: &'static str,
    client_id: &'static str,
    /// Whether a key that is not known is somebody's mistake.
    strict: bool,
}

const OURS: ProfileFormat = ProfileFormat {
    default_profile: "default",
    region: "region",
    client_id: "client_id",
    strict: true,
};

/// The vendor's CLI calls the client's *id* `client_credentials`, and has keys
/// of its own.
const VENDOR: ProfileFormat = ProfileFormat {
    default_profile: "DEFAULT",
    region: "environment",
    client_id: "client_credentials",
    strict: false,
};

impl Profile {
    /// The named profile, or the default one where there is one.
    ///
    /// Where nobody named a profile, a file that cannot be read is as good as none, and
    /// so is a file of the vendor's with a mistake in it: `passed_over` tells of those.
    /// What stands outside every profile is added to `ignored`.
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
                Err(ProfileError::Mistake(error)) if named.is_none() && !format.strict => {
                    passed_over.push(error);
                }
                Err(trouble) => return Err(trouble.into_error()),
            }
        }
        match named {
            None => Ok(None),
            Some(given) => Err(no_such_profile(given, &files)),
        }
    }

    fn find_in(
        file: &Path,
        format: &'static ProfileFormat,
        named: Option<&Sourced>,
        ignored: &mut Vec<String>,
    ) -> Result<Option<Profile>, ProfileError> {
        let Some(mut content) = file::read(file)? else {
            return Ok(None);
        };
        if format.strict {
            ignored.extend(unknown::keys(file, &content.table));
        }
        let name = named.map_or(format.default_profile, |given| &given.value);
        let table = match content.table.remove(name) {
            None => return Ok(None),
            Some(Value::Table(table)) => table,
            Some(_) => {
                let why = format!("{name:?} is not a table");
                return Err(ProfileError::Mistake(file::unusable(file).with_cause(why)));
            }
        };
        let profile = Profile {
            name: name.to_owned(),
            file: file.to_owned(),
            table,
            format,
            readable: content.readable,
            risk: content.risk,
            was_named: named.is_some(),
        };
        profile.check().map_err(ProfileError::Mistake)?;
        Ok(Some(profile))
    }

    /// The way in which another user could decide what the profile says.
    pub(super) fn tamper_risk(&self) -> Option<&TamperRisk> {
        self.risk.as_ref()
    }

    /// The file that the profile stands in.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// This profile's value of a setting.
    pub(super) fn find(&self, setting: &Setting) -> Option<Sourced> {
        if !setting.in_profile {
            return None;
        }
        let key = self.key(setting);
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

    /// The secret in the file.
    pub(super) fn secret(&self) -> Option<SecretString> {
        let secret = self.table.get(CLIENT_SECRET)?.as_str()?;
        (!text::is_empty(secret.as_bytes())).then(|| secret.into())
    }

    /// The place from which the secret can be read again.
    pub(super) fn secret_location(&self) -> ProfileSecret {
        ProfileSecret { profile: self.name.clone(), file: self.file.clone() }
    }

    /// The command that prints the secret: an argv list.
    pub(super) fn secret_command(&self) -> Result<Option<Vec<String>>> {
        let Some(value) = self.table.get(CLIENT_SECRET_COMMAND) else {
            return Ok(None);
        };
        let word = |word: &Value| word.as_str().map(str::to_owned);
        let argv: Option<Vec<_>> =
            value.as_array().and_then(|words| words.iter().map(word).collect());
        match argv {
            Some(argv) if !argv.is_empty() => Ok(Some(argv)),
            _ => Err(Error::new(
                Kind::Configuration,
                format!("{} is not a list of strings", self.origin(CLIENT_SECRET_COMMAND)),
            )
            .with_hint(
                r#"write it as a list, for no shell is involved: ["pass", "show", "genesys"]"#,
            )),
        }
    }

    /// How a message names a key of this profile.
    pub(super) fn origin(&self, key: &str) -> Origin {
        let file = self.file.clone();
        Origin::Profile { profile: self.name.clone(), key: key.to_owned(), file }
    }

    fn key(&self, setting: &Setting) -> &'static str {
        match setting.key {
            key if key == table::REGION.key => self.format.region,
            key if key == table::CLIENT_ID.key => self.format.client_id,
            key => key,
        }
    }

    /// Refuses keys that nothing reads, and values that are no plain values.
    fn check(&self) -> Result<()> {
        let settings = || table::ALL.iter().filter(|setting| setting.in_profile);
        for (key, value) in &self.table {
            if key == CLIENT_SECRET_COMMAND {
                continue;
            }
            let known = key == CLIENT_SECRET || settings().any(|setting| self.key(setting) == key);
            if !known && self.format.strict {
                let known = settings()
                    .map(|setting| setting.key)
                    .chain([CLIENT_SECRET, CLIENT_SECRET_COMMAND]);
                return Err(Error::new(
                    Kind::Configuration,
                    format!("{} is not a setting", self.origin(key)),
                )
                .with_hint(format!("known keys: {}", known.collect::<Vec<_>>().join(", "))));
            }
            if key == CLIENT_SECRET && !value.is_str() {
                let what = format!("{} is not a string", self.origin(key));
                return Err(Error::new(Kind::Configuration, what).with_hint("write it in quotes"));
            }
            if known && !is_plain(value) {
                let what = format!("{} is not a plain value", self.origin(key));
                return Err(Error::new(Kind::Configuration, what));
            }
        }
        // The vendor's CLI may know regions that this program does not.
        match self.find(&table::REGION).filter(|_| !self.format.strict) {
            Some(region) => super::issuer::find_region(&region).map(|_| ()),
            None => Ok(()),
        }
    }

    fn warn_if_readable(&self, context: &Context) {
        if self.secret().is_some() && self.readable {
            let file = self.file.display();
            context.reporter.warn(format_args!(
                "{file} holds a client secret and other users may read it: chmod 600 {file}"
            ));
        }
    }
}

/// The place of a secret in a file of profiles.
#[derive(Debug, Clone)]
pub(super) struct ProfileSecret {
    profile: String,
    file: PathBuf,
}

impl ProfileSecret {
    /// The secret as it stands there now.
    ///
    /// # Errors
    /// `Configuration`, when it is not there any more.
    pub(super) fn read(&self) -> Result<SecretString> {
        let content = file::read(&self.file).map_err(ProfileError::into_error)?;
        let table = content.as_ref().map(|content| &content.table);
        let secret = table.and_then(|table| table.get(&self.profile)?.get(CLIENT_SECRET)?.as_str());
        secret.map(Into::into).ok_or_else(|| {
            let what = format!("there is no {} any more", self.origin());
            Error::new(Kind::Configuration, what)
        })
    }

    /// The name of the place in a message.
    pub(super) fn origin(&self) -> String {
        let ProfileSecret { profile, file } = self.clone();
        Origin::Profile { profile, key: CLIENT_SECRET.to_owned(), file }.to_string()
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "profile {:?} in {}", self.name, self.file.display())
    }
}

fn is_plain(value: &Value) -> bool {
    value.is_str() || value.is_integer() || value.is_float() || value.is_bool()
}

/// The names of all profiles, without a word about files that cannot be read.
pub(crate) fn profile_names(context: &Context) -> Vec<String> {
    let files = file::all(context).into_iter();
    let tables = files.filter_map(|(file, _)| Some(file::read(&file).ok()??.table));
    let named = tables.flatten().filter(|(_, value)| value.is_table());
    named.map(|(name, _)| name).filter(|name| !name.contains(char::is_control)).collect()
}

fn no_such_profile(given: &Sourced, files: &[(PathBuf, &ProfileFormat)]) -> Error {
    let places: Vec<_> = files.iter().map(|(file, _)| file.display().to_string()).collect();
    let error = given.refused("is not a profile");
    if places.is_empty() {
        return error.with_cause(NO_HOME).with_hint("set HOME");
    }
    let table = match shown::word(&given.value) {
        shown::HIDDEN => "a table of that name".to_owned(),
        name => format!("a table [{name}]"),
    };
    error
        .with_cause(format!("looked in {}", places.join(" and ")))
        .with_hint(format!("add {table} to the first of them"))
}
