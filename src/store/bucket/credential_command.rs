//! Programs that print credentials.

use std::ffi::OsString;
use std::time::Duration;

use async_trait::async_trait;
use object_store::Result;

use super::kept::{CredentialSource, Expiring, KeptCredentials};
use super::settings_error::SettingsError;
use crate::child::{Helper, HelperError, Program, Prompt};
use crate::context::Context;
use crate::text::shown;

/// A program that prints credentials.
pub(super) struct CredentialCommand<C> {
    /// Its arguments may be private: messages have only its name.
    pub(super) argv: Vec<String>,
    /// The setting that names it.
    pub(super) origin: String,
    /// Reads its output; and when the credentials expire.
    pub(super) read: fn(&[u8]) -> Option<Expiring<C>>,
    pub(super) context: Context,
}

/// Runs before a request, as it may take longer than a request may.
pub(super) trait Refresh: Send + Sync {
    /// With a `limit`, credentials that are known are used on where the program fails.
    ///
    /// # Errors
    /// If the program fails, or prints something else than credentials.
    fn refresh(&self, limit: Option<Duration>) -> Result<(), SettingsError>;
}

/// Some start an interpreter, or ask a service of their own. Other processes wait meanwhile.
const TIMEOUT: Duration = Duration::from_secs(20);

const MAX_BYTES: usize = 64 << 10;

impl<C> CredentialCommand<C> {
    fn run(&self, timeout: Duration) -> Result<Expiring<C>, SettingsError> {
        let name = shown::quoted(&self.argv[0]);
        let failed = |failure| explained(format!("{name} of {}", self.origin), &failure);
        let argv: Vec<OsString> = self.argv.iter().map(OsString::from).collect();
        let path = self.context.env.os("PATH");
        let program = Program::find(&argv, path.as_deref())
            .map_err(|error| failed(HelperError::Start(error)))?;
        let helper = Helper {
            program: &program,
            prompt: Prompt::Forbidden,
            timeout,
            max_output_bytes: MAX_BYTES,
        };
        let output = helper.run(&*self.context.clock).map_err(failed)?;
        (self.read)(&output).ok_or_else(|| {
            let cause = format!("{name} of {} printed no credentials", self.origin);
            SettingsError::new(cause, "run it by itself to see what it prints")
        })
    }
}

fn explained(program: String, failure: &HelperError) -> SettingsError {
    let hint = match failure {
        HelperError::PromptedOnTerminal => "let it use an agent, or put credentials into variables",
        _ => "run it by itself to see what it says",
    };
    let is_transient = matches!(failure, HelperError::TimedOut(_));
    let error = SettingsError::new(format!("{program} failed: {failure}"), hint);
    SettingsError { is_transient, lacks_credentials: is_transient, ..error }
}

#[async_trait]
impl<C: Send + Sync> CredentialSource<C> for CredentialCommand<C> {
    async fn fetch(&self) -> Result<Expiring<C>> {
        Ok(self.run(TIMEOUT)?)
    }
}

impl<C: Send + Sync> Refresh for KeptCredentials<CredentialCommand<C>, C> {
    fn refresh(&self, limit: Option<Duration>) -> Result<(), SettingsError> {
        if self.kept().is_some() {
            return Ok(());
        }
        match self.source().run(limit.map_or(TIMEOUT, |limit| limit.min(TIMEOUT))) {
            Ok(new) => drop(self.keep(new)),
            Err(error) if limit.is_none() || !self.keep_on() => return Err(error),
            Err(_) => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_hangs_may_work_later() {
        let hangs = explained("az".to_owned(), &HelperError::TimedOut(TIMEOUT));
        assert_eq!((hangs.is_transient, hangs.lacks_credentials), (true, true));
        let prints_too_much = explained("az".to_owned(), &HelperError::TooLong(MAX_BYTES));
        assert!(!prints_too_much.is_transient && !prints_too_much.lacks_credentials);
    }
}
