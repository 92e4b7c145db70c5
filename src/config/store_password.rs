//! The password of a Redis user.

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::client_secret::{SecretCommand, SecretKind, StoredSecret, checked};
use super::origin::Sourced;
use super::{Layers, StoreLocation, table};
use crate::context::Context;
use crate::error::Result;

/// A password, or where to read it once the store is needed. Redacted in `Debug`.
#[derive(Debug, Clone)]
pub struct StorePassword {
    source: PasswordSource,
    /// Names the source, for messages.
    origin: String,
}

#[derive(Debug, Clone)]
enum PasswordSource {
    Known(SecretString),
    File(Sourced),
    Command(SecretCommand),
}

impl StorePassword {
    /// Finds the password: `--store-password-file` as a flag, then the variable, then the file
    /// of any other origin, then the command of the profile. The file is not read, and the
    /// command not run. `None` without one.
    ///
    /// # Errors
    /// If the variable holds no text, if the file is standard input, if another user could have written the command, or if
    /// a flag gives a password for a store that has none.
    pub(super) fn resolve(
        layers: &Layers,
        location: &StoreLocation,
        context: &Context,
    ) -> Result<Option<StorePassword>> {
        let file = layers.find(&table::STORE_PASSWORD_FILE);
        let variable = context.env.os(table::STORE_PASSWORD_VARIABLE);
        if let StoreLocation::Bucket { .. } = location {
            return match file {
                Some(file) if file.origin.is_flag() => Err(file
                    .origin
                    .refused(&format!("{location} has no password"))
                    .with_hint("its credentials are those of the provider's own variables")),
                _ => {
                    let file = file.map(|file| file.origin.to_string());
                    let variable = variable.map(|_| table::STORE_PASSWORD_VARIABLE.to_owned());
                    if let Some(origin) = variable.or(file) {
                        context.reporter.warn(format_args!(
                            "{origin} has no effect: {location} has no password"
                        ));
                    }
                    Ok(None)
                }
            };
        }
        if let Some(file) = &file {
            StorePassword::check_file(file)?;
        }
        if let Some(file) = file.clone().filter(|file| file.origin.is_flag()) {
            return Ok(Some(StorePassword::in_file(file)));
        }
        if let Some(password) = variable {
            let origin = table::STORE_PASSWORD_VARIABLE;
            let password = Zeroizing::new(password.into_encoded_bytes());
            let password = checked(&password, SecretKind::Store, origin, &context.reporter)?;
            let source = PasswordSource::Known(password);
            return Ok(Some(StorePassword { source, origin: origin.to_owned() }));
        }
        if let Some(file) = file {
            return Ok(Some(StorePassword::in_file(file)));
        }
        let Some(profile) = &layers.profile else {
            return Ok(None);
        };
        let command = SecretCommand::in_profile(profile, SecretKind::Store, context)?;
        Ok(command.map(|command| {
            let origin = command.origin().to_owned();
            StorePassword { source: PasswordSource::Command(command), origin }
        }))
    }

    /// # Errors
    /// If the file is standard input, which cannot be read again for another connection.
    pub(super) fn check_file(file: &Sourced) -> Result<()> {
        if file.value != "-" {
            return Ok(());
        }
        Err(file
            .origin
            .refused("the password of a store is not read from standard input")
            .with_hint("name a file, or set GC_TOKEN_STORE_PASSWORD"))
    }

    fn in_file(file: Sourced) -> StorePassword {
        let origin = file.origin.to_string();
        StorePassword { source: PasswordSource::File(file), origin }
    }

    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Reads the file or runs the command, each time anew.
    ///
    /// # Errors
    /// If the file cannot be read, or the command fails.
    pub fn get(&self, context: &Context) -> Result<SecretString> {
        match &self.source {
            PasswordSource::Known(password) => Ok(password.clone()),
            PasswordSource::File(file) => {
                let stored = StoredSecret::in_file(file, SecretKind::Store, &context.reporter)?;
                Ok(stored.secret().expose_secret().into())
            }
            PasswordSource::Command(command) => command.run(&*context.clock, &context.reporter),
        }
    }

    pub(super) fn forbid_prompt(&mut self) {
        if let PasswordSource::Command(command) = &mut self.source {
            command.forbid_prompt();
        }
    }
}

/// Names what gives a password on this machine in another way than the variable.
pub fn other_store_password(layers: &Layers) -> Option<String> {
    if let Some(file) = layers.find(&table::STORE_PASSWORD_FILE) {
        return Some(file.origin.to_string());
    }
    let profile = layers.profile.as_ref()?;
    let command = profile.command(table::STORE_PASSWORD_COMMAND).ok()??;
    (!command.is_empty()).then(|| profile.origin(table::STORE_PASSWORD_COMMAND).to_string())
}

#[cfg(test)]
impl From<&str> for StorePassword {
    fn from(password: &str) -> StorePassword {
        let source = PasswordSource::Known(password.into());
        StorePassword { source, origin: "a test".to_owned() }
    }
}
