//! The client secret: file, environment, profile, or a command that prints it.

mod command;
mod secret_kind;
mod stored;

use std::io::Read;

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

pub use command::SecretCommand;
pub(super) use secret_kind::SecretKind;
pub use stored::StoredSecret;

use super::missing::{RequiredSetting, missing_setting};
use super::origin::{Origin, Sourced};
use super::{Layers, table};
use crate::context::{Clock, Context, Environment, Reporter, StandardInput};
use crate::error::{Error, Kind, Result};
use crate::text;
use crate::text::shown;

/// The client secret, or how to get it. Redacted in `Debug`.
#[derive(Debug, Clone)]
pub enum SecretSource {
    /// Does not change while the process runs.
    Known(SecretString),
    /// Read from a file that may be rewritten during a run.
    Stored(StoredSecret),
    /// Slow, and may prompt, so it runs only when a token has to be minted.
    Command(SecretCommand),
}

const MAX_BYTES: usize = 64 << 10;

impl SecretSource {
    /// Finds the secret of the client `id`: `--client-secret-file`, then the
    /// environment, then the profile, if it is the profile's client.
    pub(super) fn resolve(
        layers: &Layers,
        id: &Sourced,
        context: &Context,
        stdin: &mut StandardInput,
    ) -> Result<SecretSource> {
        if let Some(secret) = &layers.secret {
            let secret = checked(
                secret.expose_secret().as_bytes(),
                SecretKind::Client,
                layers.passed_secret(),
                &context.reporter,
            );
            return secret
                .map(SecretSource::Known)
                .map_err(|error| error.with_attribute(table::CLIENT_SECRET));
        }
        if let Some(file) = layers.find(&table::CLIENT_SECRET_FILE) {
            return if file.value == "-" {
                read_stdin(&file, context, stdin).map(SecretSource::Known)
            } else {
                StoredSecret::in_file(&file, SecretKind::Client, &context.reporter)
                    .map(SecretSource::Stored)
            };
        }
        for name in table::SECRET_VARIABLES {
            if let Some(secret) = context.env.os(name) {
                let secret = Zeroizing::new(secret.into_encoded_bytes());
                return checked(&secret, SecretKind::Client, name, &context.reporter)
                    .map(SecretSource::Known);
            }
        }
        let Some(profile) = &layers.profile else {
            return Err(missing_secret(id, layers));
        };
        let own = profile.find(&table::CLIENT_ID);
        if own.is_some_and(|own| own.value != id.value) {
            return Err(missing_secret(id, layers).with_cause(format!(
                "{} belongs to another client than {} names",
                profile.origin(table::CLIENT_SECRET),
                id.origin
            )));
        }
        if let Some(stored) = StoredSecret::in_profile(profile, &context.reporter)? {
            return Ok(SecretSource::Stored(stored));
        }
        let command = SecretCommand::in_profile(profile, SecretKind::Client, context)?;
        command.map(SecretSource::Command).ok_or_else(|| missing_secret(id, layers))
    }

    /// Names the file of a secret, which is not opened.
    pub(super) fn file_shown(name: &str) -> String {
        match name {
            "-" => "standard input".to_owned(),
            name => stored::file_shown(name),
        }
    }

    pub fn describe(layers: &Layers, env: &Environment) -> Option<String> {
        if layers.secret.is_some() {
            return Some(layers.passed_secret().to_owned());
        }
        if let Some(file) = layers.find(&table::CLIENT_SECRET_FILE) {
            let name = SecretSource::file_shown(&file.value);
            return Some(format!("{name}, from {}", file.origin));
        }
        if let Some(name) = table::SECRET_VARIABLES.into_iter().find(|name| env.os(name).is_some())
        {
            return Some(name.to_owned());
        }
        let profile = layers.profile.as_ref()?;
        if profile.secret().is_some() {
            return Some(profile.origin(table::CLIENT_SECRET).to_string());
        }
        let argv = profile.command(table::CLIENT_SECRET_COMMAND).ok()??;
        // The arguments may be private.
        let origin = profile.origin(table::CLIENT_SECRET_COMMAND);
        Some(format!("the command {:?}, {origin}", argv[0]))
    }

    /// Returns the secret; runs the command if there is one.
    ///
    /// # Errors
    /// If the command fails.
    pub fn get(&self, clock: &dyn Clock, reporter: &Reporter) -> Result<SecretString> {
        match self {
            SecretSource::Known(secret) => Ok(secret.clone()),
            SecretSource::Stored(stored) => Ok(stored.secret().clone()),
            SecretSource::Command(command) => command.run(clock, reporter),
        }
    }

    /// Returns the secret unless only a command can tell it.
    pub fn known(&self) -> Option<&SecretString> {
        match self {
            SecretSource::Known(secret) => Some(secret),
            SecretSource::Stored(stored) => Some(stored.secret()),
            SecretSource::Command(_) => None,
        }
    }

    pub fn command(&self) -> Option<&[String]> {
        match self {
            SecretSource::Known(_) | SecretSource::Stored(_) => None,
            SecretSource::Command(command) => Some(command.argv()),
        }
    }

    /// For runs that outlive a token: the secret command must not prompt any more, because
    /// the terminal belongs to another process.
    pub fn forbid_prompt(&mut self) {
        if let SecretSource::Command(command) = self {
            command.forbid_prompt();
        }
    }

    /// Reads a stored secret again. Returns whether it has changed.
    ///
    /// # Errors
    /// If it cannot be read any more. The previous secret is kept.
    pub fn reread(&mut self, reporter: &Reporter) -> Result<bool> {
        match self {
            SecretSource::Known(_) | SecretSource::Command(_) => Ok(false),
            SecretSource::Stored(stored) => stored.reread(reporter),
        }
    }
}

/// Runs a command that is not in a profile yet; `flag` names it.
///
/// # Errors
/// If the command fails, or prints no secret.
pub fn run_secret_command(
    argv: Vec<String>,
    flag: &'static str,
    context: &Context,
) -> Result<SecretString> {
    let origin = Origin::Flag(flag).to_string();
    let command = SecretCommand::new(argv, SecretKind::Client, origin, context)?;
    command.run(&*context.clock, &context.reporter)
}

/// Reads the secret from standard input, as `given` asks for.
pub fn read_secret(
    given: &Sourced,
    context: &Context,
    stdin: &mut StandardInput,
) -> Result<SecretString> {
    read_stdin(given, context, stdin)
}

fn missing_secret(id: &Sourced, layers: &Layers) -> Error {
    let message = format!("there is no secret for client {}", shown::quoted(&id.value));
    Error { message, ..missing_setting(RequiredSetting::ClientSecret, layers) }
}

fn read_stdin(
    given: &Sourced,
    context: &Context,
    stdin: &mut StandardInput,
) -> Result<SecretString> {
    let unreadable = || {
        Error::new(Kind::Configuration, "cannot read the client secret from standard input")
            .with_hint(format!("see {}", given.origin))
    };
    if stdin.is_terminal() {
        return Err(
            unreadable().with_cause("standard input is a terminal, where it would be shown")
        );
    }
    let stdin = stdin.take().ok_or_else(|| {
        unreadable().with_cause("standard input already holds the Terraform query")
    })?;
    let secret = read_limited(stdin).map_err(|error| unreadable().with_source(error))?;
    let origin = format!("standard input ({})", given.origin);
    checked(&secret, SecretKind::Client, &origin, &context.reporter)
}

fn read_limited(from: impl Read) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let mut secret = Zeroizing::new(Vec::with_capacity(MAX_BYTES + 1));
    from.take(MAX_BYTES as u64 + 1).read_to_end(&mut secret)?;
    if secret.len() > MAX_BYTES {
        return Err(std::io::Error::other(format!("it is longer than {} KiB", MAX_BYTES >> 10)));
    }
    Ok(secret)
}

/// Every secret passes this check, whatever its source. The first line counts.
pub(super) fn checked(
    secret: &[u8],
    kind: SecretKind,
    origin: &str,
    reporter: &Reporter,
) -> Result<SecretString> {
    let refuse = |why: &str| Error::new(Kind::Configuration, kind.unusable(origin, why));
    let (line, more) = text::first_line(secret).map_err(|bad| refuse(&bad.to_string()))?;
    if line.is_empty() {
        return Err(refuse(if more { "has an empty first line" } else { "is empty" }));
    }
    if more {
        reporter.info(kind.several_lines(origin));
    }
    Ok(line.into())
}
