//! Profiles: `config.toml` in the user's config directory, and the vendor
//! CLI's `~/.gc/config.toml` as it is.

use std::fmt;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use toml::{Table, Value};

use super::names::{self, Setting};
use super::origin::{Given, Origin};
use crate::error::{Error, Kind, Result};
use crate::world::World;

/// One profile.
pub(super) struct Profile {
    name: String,
    file: PathBuf,
    table: Table,
    dialect: &'static Dialect,
    /// Whether the user named it, or it is the default one.
    pub(super) was_named: bool,
}

/// How a kind of file names things.
struct Dialect {
    default_profile: &'static str,
    region: &'static str,
    client_id: &'static str,
    /// Whether a key that is not known is somebody's mistake.
    strict: bool,
}

const OURS: Dialect =
    Dialect { default_profile: "default", region: "region", client_id: "client_id", strict: true };

/// The vendor's CLI calls the client's *id* `client_credentials`, and has keys
/// of its own.
const VENDOR: Dialect = Dialect {
    default_profile: "DEFAULT",
    region: "environment",
    client_id: "client_credentials",
    strict: false,
};

/// Keys that are no settings.
const SECRET: &str = "client_secret";
const SECRET_COMMAND: &str = "client_secret_command";

impl Profile {
    /// The named profile, or the default one where there is one.
    pub(super) fn load(named: Option<Given>, world: &World) -> Result<Option<Profile>> {
        let files = files(world);
        for (file, dialect) in &files {
            let Some(mut root) = read(file)? else {
                continue;
            };
            let name = named.as_ref().map_or(dialect.default_profile, |given| &given.value);
            let Some(entry) = root.remove(name) else {
                continue;
            };
            let Value::Table(table) = entry else {
                return Err(unusable(file).why(format!("{name:?} is not a table")));
            };
            let profile = Profile {
                name: name.to_owned(),
                file: file.clone(),
                table,
                dialect,
                was_named: named.is_some(),
            };
            profile.check(world)?;
            return Ok(Some(profile));
        }
        match named {
            None => Ok(None),
            Some(given) => Err(no_such_profile(&given, &files)),
        }
    }

    /// This profile's value of a setting.
    pub(super) fn find(&self, setting: &Setting) -> Option<Given> {
        if !setting.in_profile {
            return None;
        }
        let key = self.key(setting);
        let value = match self.table.get(key)? {
            Value::String(value) if value.is_empty() => return None,
            Value::String(value) => value.clone(),
            Value::Integer(value) => value.to_string(),
            Value::Float(value) => value.to_string(),
            Value::Boolean(value) => value.to_string(),
            // Refused when the profile was read.
            _ => return None,
        };
        Some(Given { value, origin: self.origin(key) })
    }

    /// The secret in the file.
    pub(super) fn secret(&self) -> Option<SecretString> {
        let secret = self.table.get(SECRET)?.as_str()?;
        (!secret.is_empty()).then(|| secret.into())
    }

    /// The command that prints the secret: an argv list.
    pub(super) fn secret_command(&self) -> Result<Option<Vec<String>>> {
        let Some(value) = self.table.get(SECRET_COMMAND) else {
            return Ok(None);
        };
        let word = |word: &Value| word.as_str().map(str::to_owned);
        let argv: Option<Vec<_>> =
            value.as_array().and_then(|words| words.iter().map(word).collect());
        match argv {
            Some(argv) if !argv.is_empty() => Ok(Some(argv)),
            _ => Err(Error::new(
                Kind::Configuration,
                format!("{} is not a list of strings", self.origin(SECRET_COMMAND)),
            )
            .hint(r#"write it as a list, for no shell is involved: ["pass", "show", "genesys"]"#)),
        }
    }

    /// How a message names a key of this profile.
    pub(super) fn origin(&self, key: &str) -> Origin {
        let file = self.file.clone();
        Origin::Profile { profile: self.name.clone(), key: key.to_owned(), file }
    }

    fn key(&self, setting: &Setting) -> &'static str {
        match setting.key {
            key if key == names::REGION.key => self.dialect.region,
            key if key == names::CLIENT_ID.key => self.dialect.client_id,
            key => key,
        }
    }

    /// Refuses keys that nothing reads, and values that are no plain values.
    fn check(&self, world: &World) -> Result<()> {
        let settings = || names::ALL.iter().filter(|setting| setting.in_profile);
        for (key, value) in &self.table {
            if key == SECRET_COMMAND {
                continue;
            }
            let known = key == SECRET || settings().any(|setting| self.key(setting) == key);
            if !known && self.dialect.strict {
                let known = settings().map(|setting| setting.key).chain([SECRET, SECRET_COMMAND]);
                return Err(Error::new(
                    Kind::Configuration,
                    format!("{} is not a setting", self.origin(key)),
                )
                .hint(format!("known keys: {}", known.collect::<Vec<_>>().join(", "))));
            }
            if known && !is_plain(value) {
                let what = format!("{} is not a plain value", self.origin(key));
                return Err(Error::new(Kind::Configuration, what));
            }
        }
        self.warn_if_readable(world);
        Ok(())
    }

    fn warn_if_readable(&self, world: &World) {
        use std::os::unix::fs::MetadataExt;
        let mode = std::fs::metadata(&self.file).map_or(0, |about| about.mode());
        if self.secret().is_some() && mode & 0o077 != 0 {
            let file = self.file.display();
            world.talk.warn(format_args!(
                "{file} holds a client secret and other users may read it: chmod 600 {file}"
            ));
        }
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
pub(crate) fn profiles(world: &World) -> Vec<String> {
    let tables = files(world).into_iter().filter_map(|(file, _)| read(&file).ok().flatten());
    let named = tables.flatten().filter(|(_, value)| value.is_table());
    named.map(|(name, _)| name).filter(|name| !name.contains(char::is_control)).collect()
}

/// Where profiles are looked for, in this order.
fn files(world: &World) -> Vec<(PathBuf, &'static Dialect)> {
    let ours = world.places.config.as_ref().map(|dir| (dir.join("config.toml"), &OURS));
    let vendor = world.places.home.as_ref().map(|home| (home.join(".gc/config.toml"), &VENDOR));
    ours.into_iter().chain(vendor).collect()
}

fn read(file: &Path) -> Result<Option<Table>> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if absent(&error) => return Ok(None),
        Err(error) => return Err(unusable(file).because(error)),
    };
    // The parser's own words quote the line, which may hold a secret.
    let parsed = text.parse().map_err(|error: toml::de::Error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
        unusable(file).why(format!("line {line}: {}", error.message()))
    });
    parsed.map(Some)
}

/// Not there, or below something that is no directory (`HOME=/dev/null`).
fn absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

fn unusable(file: &Path) -> Error {
    Error::new(Kind::Configuration, format!("cannot read the profiles in {}", file.display()))
}

fn no_such_profile(given: &Given, files: &[(PathBuf, &Dialect)]) -> Error {
    let places: Vec<_> = files.iter().map(|(file, _)| file.display().to_string()).collect();
    let error = given.refused("is not a profile");
    if places.is_empty() {
        return error.why("the user has no home directory").hint("set HOME");
    }
    error
        .why(format!("looked in {}", places.join(" and ")))
        .hint(format!("add a table [{}] to the first of them", given.value))
}
