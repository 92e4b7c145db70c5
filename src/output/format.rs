//! The formats of `env`.

use clap::ValueEnum;

use super::ci::{azure, dotenv, github, gitlab};
use super::shell::{cmd, fish, nushell, posix, powershell};
use super::unsupported::UnsupportedValue;
use super::{Bytes, Name, Variable, json};
use crate::error::{Error, Kind, Result};

/// A notation for environment variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum OutputFormat {
    /// sh, bash, dash, zsh, ksh: eval "$(gc-token env)"
    #[default]
    #[value(aliases = ["sh", "bash", "dash", "zsh", "ksh"])]
    Posix,
    /// fish: gc-token env --shell fish | source
    Fish,
    /// PowerShell: gc-token env --shell powershell | Invoke-Expression
    #[value(name = "powershell", alias = "pwsh")]
    PowerShell,
    /// Windows' cmd: a file to call, or the lines of a for /f
    Cmd,
    /// nushell: a file to source
    #[value(alias = "nu")]
    Nushell,
    /// A .env file that shells, dotenv libraries and Docker read alike
    Dotenv,
    /// A JSON object
    Json,
    /// GitHub Actions: masks the token, and sets the variables for later steps
    #[value(alias = "github")]
    GithubActions,
    /// GitLab CI: a dotenv report, for later jobs
    Gitlab,
    /// Azure Pipelines: sets the variables for later steps, the token as secret
    #[value(alias = "azure")]
    AzurePipelines,
}

#[derive(Debug, Default)]
pub struct Rendered {
    /// To be written first: it holds the mask that keeps the file's contents out of the log.
    pub stdout: Bytes,
    /// To be appended to the file that `GITHUB_ENV` names; only for
    /// [`OutputFormat::GithubActions`].
    pub github_env: Option<Bytes>,
}

impl OutputFormat {
    pub fn name(self) -> &'static str {
        match self {
            OutputFormat::Posix => "posix",
            OutputFormat::Fish => "fish",
            OutputFormat::PowerShell => "powershell",
            OutputFormat::Cmd => "cmd",
            OutputFormat::Nushell => "nushell",
            OutputFormat::Dotenv => "dotenv",
            OutputFormat::Json => "json",
            OutputFormat::GithubActions => "github-actions",
            OutputFormat::Gitlab => "gitlab",
            OutputFormat::AzurePipelines => "azure-pipelines",
        }
    }

    /// Returns the command that sets the variables in a shell; `None` if a file or a CI
    /// system is to get them.
    pub fn shell_command(self) -> Option<&'static str> {
        match self {
            OutputFormat::Posix => Some("eval \"$(gc-token env)\""),
            OutputFormat::Fish => Some("gc-token env --shell fish | source"),
            OutputFormat::PowerShell => Some("gc-token env --shell powershell | Invoke-Expression"),
            OutputFormat::Cmd => {
                Some("for /f \"delims=\" %i in ('gc-token env --shell cmd') do @%i")
            }
            OutputFormat::Nushell => Some("gc-token env --shell json | from json | load-env"),
            OutputFormat::Dotenv
            | OutputFormat::Json
            | OutputFormat::GithubActions
            | OutputFormat::Gitlab
            | OutputFormat::AzurePipelines => None,
        }
    }

    /// Guesses the format from a login shell, such as `/usr/bin/fish`.
    pub fn of_shell(path: &str) -> OutputFormat {
        match path.rsplit('/').next() {
            Some("fish") => OutputFormat::Fish,
            Some("nu") => OutputFormat::Nushell,
            Some("pwsh") => OutputFormat::PowerShell,
            _ => OutputFormat::Posix,
        }
    }

    /// Renders statements that set and export the variables.
    ///
    /// # Errors
    /// `Usage` if two variables share a name; `Configuration` if the format cannot express a
    /// value. The message names the variable, never the value.
    pub fn export(self, variables: &[Variable<'_>]) -> Result<Rendered> {
        self.export_masked(variables, &[])
    }

    /// Like [`OutputFormat::export`], and first masks `parts` in the log of a CI system:
    /// secret parts of the values, which may be logged on their own.
    pub fn export_masked(self, variables: &[Variable<'_>], parts: &[&str]) -> Result<Rendered> {
        for (i, variable) in variables.iter().enumerate() {
            let earlier = &variables[..i];
            if earlier.iter().any(|other| other.clashes_with(variable)) {
                return Err(duplicate_name(variable.name));
            }
            if variable.value.contains('\0') {
                return Err(self.unsupported(variable.name).with_cause(
                    "it contains a NUL character, which no environment variable can hold",
                ));
            }
        }
        let mut rendered = Rendered::default();
        for part in parts {
            match self {
                OutputFormat::GithubActions => github::mask(&mut rendered.stdout, part),
                OutputFormat::AzurePipelines => azure::mask(&mut rendered.stdout, part),
                // Other formats have no masks.
                _ => {}
            }
        }
        match self {
            OutputFormat::Json => rendered.stdout = json::object(variables)?,
            OutputFormat::GithubActions => {
                let file = rendered.github_env.insert(Bytes::new());
                for variable in variables {
                    github::export(&mut rendered.stdout, file, variable)
                        .map_err(|reason| self.unsupported_value(variable.name, &reason))?;
                }
            }
            _ => {
                for variable in variables {
                    self.export_line(&mut rendered.stdout, variable)
                        .map_err(|reason| self.unsupported_value(variable.name, &reason))?;
                }
            }
        }
        Ok(rendered)
    }

    /// # Errors
    /// `Usage` if the format can only set variables.
    pub fn unset(self, names: &[&Name]) -> Result<Bytes> {
        let unset_line = match self {
            OutputFormat::Posix => posix::unset,
            OutputFormat::Fish => fish::unset,
            OutputFormat::PowerShell => powershell::unset,
            OutputFormat::Cmd => cmd::unset,
            OutputFormat::Nushell => nushell::unset,
            OutputFormat::Dotenv
            | OutputFormat::Json
            | OutputFormat::GithubActions
            | OutputFormat::Gitlab
            | OutputFormat::AzurePipelines => return Err(self.unset_unsupported()),
        };
        let mut out = Bytes::new();
        for name in names {
            unset_line(&mut out, name);
        }
        Ok(out)
    }

    /// Returns a statement that fails, for a failing `env` to print: evaluating an empty
    /// output would succeed, and a script would continue without a token. `None` for formats
    /// that are parsed and not executed.
    pub fn failing_statement(self) -> Option<&'static str> {
        match self {
            OutputFormat::Posix | OutputFormat::Fish => Some("false\n"),
            OutputFormat::PowerShell => Some("throw 'gc-token env failed'\n"),
            OutputFormat::Cmd => Some("exit /b 1\r\n"),
            OutputFormat::Nushell => Some("error make {msg: \"gc-token env failed\"}\n"),
            OutputFormat::Dotenv
            | OutputFormat::Json
            | OutputFormat::GithubActions
            | OutputFormat::Gitlab
            | OutputFormat::AzurePipelines => None,
        }
    }

    fn export_line(self, out: &mut Bytes, variable: &Variable<'_>) -> Result<(), UnsupportedValue> {
        match self {
            OutputFormat::Posix => posix::export(out, variable),
            OutputFormat::Fish => fish::export(out, variable),
            OutputFormat::PowerShell => return powershell::export(out, variable),
            OutputFormat::Cmd => return cmd::export(out, variable),
            OutputFormat::Nushell => nushell::export(out, variable),
            OutputFormat::Dotenv => return dotenv::export(out, variable),
            OutputFormat::Gitlab => return gitlab::export(out, variable),
            OutputFormat::AzurePipelines => return azure::export(out, variable),
            OutputFormat::Json | OutputFormat::GithubActions => unreachable!("not line by line"),
        }
        Ok(())
    }

    fn unsupported_value(self, name: &Name, reason: &UnsupportedValue) -> Error {
        self.unsupported(name).with_cause(reason.0).with_hint("--shell json can write any value")
    }

    fn unsupported(self, name: &Name) -> Error {
        let message = format!("the value of {name} cannot be written as {}", self.name());
        Error::new(Kind::Configuration, message)
    }

    fn unset_unsupported(self) -> Error {
        let message = format!("--unset cannot be written as {}", self.name());
        Error::new(Kind::Usage, message)
            .with_cause("this format can set variables, but not unset them")
            .with_hint("--unset supports the shells posix, fish, powershell, cmd and nushell")
    }
}

fn duplicate_name(name: &Name) -> Error {
    Error::new(Kind::Usage, format!("two values for one variable, {name}"))
        .with_cause("Windows does not distinguish upper and lower case in names")
        .with_hint("give --var and --region-var different names")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Sets `A` to `value`; returns the cause of an error, and checks that the error does not
    /// quote the value.
    pub(crate) fn set(format: OutputFormat, value: &str) -> Result<String, String> {
        let name = "A".parse().unwrap();
        let variable = Variable { name: &name, value, secret: true };
        match format.export(&[variable]) {
            Ok(rendered) => Ok(String::from_utf8(rendered.stdout.to_vec()).unwrap()),
            Err(error) => {
                assert_eq!(error.kind, Kind::Configuration);
                assert_eq!(
                    error.message,
                    format!("the value of A cannot be written as {}", format.name())
                );
                assert!(value.len() < 3 || !error.to_string().contains(value));
                Err(error.cause.unwrap())
            }
        }
    }

    /// Unsets `A` and `B_1`.
    pub(crate) fn unset(format: OutputFormat) -> String {
        let (a, b) = ("A".parse().unwrap(), "B_1".parse().unwrap());
        String::from_utf8(format.unset(&[&a, &b]).unwrap().to_vec()).unwrap()
    }

    #[test]
    fn names_are_those_of_the_command_line() {
        for format in OutputFormat::value_variants() {
            let value = format.to_possible_value().unwrap();
            assert_eq!(value.get_name(), format.name());
        }
    }

    #[test]
    fn no_format_takes_a_nul() {
        for format in OutputFormat::value_variants() {
            assert_eq!(
                set(*format, "a\0b").unwrap_err(),
                "it contains a NUL character, which no environment variable can hold"
            );
        }
    }

    #[test]
    fn no_format_takes_one_name_twice() {
        let names: [Name; 2] = ["TOKEN".parse().unwrap(), "Token".parse().unwrap()];
        let variable = |name, value| Variable { name, value, secret: false };
        for format in OutputFormat::value_variants() {
            for (one, other) in [(&names[0], &names[1]), (&names[1], &names[1])] {
                let variables = [variable(one, "x"), variable(other, "y")];
                let error = format.export(&variables).unwrap_err();
                assert_eq!(error.kind, Kind::Usage);
                assert_eq!(error.message, "two values for one variable, Token");
            }
            // Then it makes no difference which of them counts.
            let same = [variable(&names[0], "x"), variable(&names[1], "x")];
            assert!(format.export(&same).is_ok(), "{format:?}");
        }
    }

    #[test]
    fn only_what_is_run_can_unset_and_fail() {
        let name = "A".parse().unwrap();
        for format in OutputFormat::value_variants() {
            let unset = format.unset(&[&name]);
            assert_eq!(unset.is_ok(), format.failing_statement().is_some(), "{format:?}");
            if let Err(error) = unset {
                assert_eq!(error.kind, Kind::Usage);
            }
        }
    }
}
