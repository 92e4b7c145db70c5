//! A command that prints the client secret.

use std::ffi::OsString;
use std::time::Duration;

use secrecy::SecretString;

use super::{MAX_BYTES, checked};
use crate::child::{Helper, HelperError, Program, Prompt};
use crate::context::{Clock, Context, Reporter};
use crate::error::{Error, Kind, Result};
use crate::text;
use crate::text::shown;

/// A command that prints the client secret. Its arguments may be private: messages and
/// `Debug` show only its name.
#[derive(Clone)]
pub struct SecretCommand {
    argv: Vec<String>,
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
        Ok(SecretCommand { argv, origin, path: context.env.os("PATH"), prompt: Prompt::Allowed })
    }

    pub(super) fn argv(&self) -> &[String] {
        &self.argv
    }

    pub(super) fn forbid_prompt(&mut self) {
        self.prompt = Prompt::Forbidden;
    }

    /// Runs the command, by a shell only if it is a script that names no interpreter. It
    /// inherits standard error, and the terminal if it may prompt.
    pub(super) fn run(&self, clock: &dyn Clock, reporter: &Reporter) -> Result<SecretString> {
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
            let message = format!("the client secret command {name} failed");
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
        checked(&output, &format!("the output of {name} ({})", self.origin), reporter)
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
        SecretCommand { argv, origin: "a test".to_owned(), path: None, prompt: Prompt::Forbidden }
    }
}
