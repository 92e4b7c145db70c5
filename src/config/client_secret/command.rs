//! A command that prints a secret.

use std::ffi::OsString;
use std::time::Duration;

use secrecy::SecretString;

use super::super::profile::Profile;
use super::super::table;
use super::{MAX_BYTES, SecretKind, checked};
use crate::child::{Helper, HelperError, Program, Prompt};
use crate::context::{Clock, Context, Reporter};
use crate::error::{Error, Kind, Result};
use crate::text;
use crate::text::shown;

/// A command that prints a secret. Its arguments may be private: messages and
/// `Debug` show only its name.
#[derive(Clone)]
pub struct SecretCommand {
    argv: Vec<String>,
    kind: SecretKind,
    /// Names the setting, for messages.
    origin: String,
    path: Option<OsString>,
    prompt: Prompt,
}

/// The time limit of a secret command: enough for a person to unlock a password manager.
const TIMEOUT: Duration = Duration::from_secs(60);

impl SecretCommand {
    /// `~/` at the beginning of the program's name is the home directory.
    ///
    /// # Errors
    /// If the name is visibly wrong, such as one with a variable in it.
    pub(super) fn new(
        mut argv: Vec<String>,
        kind: SecretKind,
        origin: String,
        context: &Context,
    ) -> Result<SecretCommand> {
        if argv[0].starts_with('~') {
            let path =
                text::path(&argv[0], context.directories.home.as_deref()).map_err(|bad| {
                    Error::new(Kind::Configuration, format!("{origin}: the command {bad}"))
                })?;
            argv[0] = path.to_string_lossy().into_owned();
        }
        let path = context.env.os("PATH");
        Ok(SecretCommand { argv, kind, origin, path, prompt: Prompt::Allowed })
    }

    /// Returns the command of a profile, if it has one.
    ///
    /// # Errors
    /// If another user could have written the profile.
    pub(in super::super) fn in_profile(
        profile: &Profile,
        kind: SecretKind,
        context: &Context,
    ) -> Result<Option<SecretCommand>> {
        let key = match kind {
            SecretKind::Client => table::CLIENT_SECRET_COMMAND,
            SecretKind::Store => table::STORE_PASSWORD_COMMAND,
        };
        let Some(argv) = profile.command(key)? else {
            return Ok(None);
        };
        let origin = profile.origin(key).to_string();
        if let Some(risk) = profile.tamper_risk() {
            let message = format!("{origin} is not run, as another user could have written it");
            return Err(Error::new(Kind::Configuration, message)
                .with_cause(risk.to_string())
                .with_hint(risk.remedy(profile.file())));
        }
        SecretCommand::new(argv, kind, origin, context).map(Some)
    }

    pub(in super::super) fn origin(&self) -> &str {
        &self.origin
    }

    pub(super) fn argv(&self) -> &[String] {
        &self.argv
    }

    pub(in super::super) fn forbid_prompt(&mut self) {
        self.prompt = Prompt::Forbidden;
    }

    /// Runs the command, by a shell only if it is a script that names no interpreter. It
    /// inherits standard error, and the terminal if it may prompt.
    pub(in super::super) fn run(
        &self,
        clock: &dyn Clock,
        reporter: &Reporter,
    ) -> Result<SecretString> {
        let name = shown::quoted(&self.argv[0]);
        let failed = |failure: HelperError| {
            let hint = match (&failure, self.prompt) {
                (HelperError::PromptedOnTerminal, Prompt::Forbidden) => {
                    "a token that is renewed needs a command that does not ask: \
                     unlock the password manager, or let it use an agent"
                        .to_owned()
                }
                (HelperError::Start(Error { hint: Some(hint), .. }), _) => {
                    format!("{hint}; see {}", self.origin)
                }
                _ => format!("see {}", self.origin),
            };
            let message = self.kind.command_failed(&name);
            let kind = match &failure {
                HelperError::Start(Error { kind: Kind::System, .. }) | HelperError::Io(_) => {
                    Kind::System
                }
                _ => Kind::Configuration,
            };
            Error::new(kind, message).with_cause(failure.to_string()).with_hint(hint)
        };
        let argv: Vec<OsString> = self.argv.iter().map(OsString::from).collect();
        let program = Program::find(&argv, self.path.as_deref())
            .map_err(|error| failed(HelperError::Start(error)))?;
        let helper = Helper {
            program: &program,
            prompt: self.prompt,
            timeout: TIMEOUT,
            max_output_bytes: MAX_BYTES,
        };
        let output = helper.run(clock).map_err(failed)?;
        let origin = format!("the output of {name} ({})", self.origin);
        checked(&output, self.kind, &origin, reporter)
    }
}

impl std::fmt::Debug for SecretCommand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretCommand({:?} ...)", self.argv[0])
    }
}

#[cfg(test)]
impl From<&[&str]> for SecretCommand {
    fn from(argv: &[&str]) -> SecretCommand {
        let argv = argv.iter().map(ToString::to_string).collect();
        let (kind, origin) = (SecretKind::Client, "a test".to_owned());
        SecretCommand { argv, kind, origin, path: None, prompt: Prompt::Forbidden }
    }
}
