//! The formats of `env`, and what holds for all of them.

use clap::ValueEnum;

use super::ci::{azure, dotenv, github, gitlab};
use super::shell::{cmd, fish, nushell, posix, powershell};
use super::{Bytes, Name, Variable, json};
use crate::error::{Error, Kind, Result};

/// How environment variables are written down, and for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Dialect {
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

/// What is to be written, and where.
#[derive(Debug, Default)]
pub struct Rendered {
    /// Goes to standard output, before the file is touched: it holds the mask
    /// that keeps the file's contents out of the log.
    pub stdout: Bytes,
    /// Is appended to the file that `GITHUB_ENV` names; only for
    /// [`Dialect::GithubActions`].
    pub github_env: Option<Bytes>,
}

/// Why a dialect cannot carry a value. Never quotes the value.
#[derive(Debug)]
pub(super) struct Cannot(pub(super) &'static str);

impl Dialect {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Dialect::Posix => "posix",
            Dialect::Fish => "fish",
            Dialect::PowerShell => "powershell",
            Dialect::Cmd => "cmd",
            Dialect::Nushell => "nushell",
            Dialect::Dotenv => "dotenv",
            Dialect::Json => "json",
            Dialect::GithubActions => "github-actions",
            Dialect::Gitlab => "gitlab",
            Dialect::AzurePipelines => "azure-pipelines",
        }
    }

    /// Sets the variables, exported.
    ///
    /// # Errors
    /// `Usage` when two variables share a name. `Configuration` when a value
    /// cannot be carried unchanged; the message names the variable, never the
    /// value.
    pub fn export(self, variables: &[Variable<'_>]) -> Result<Rendered> {
        self.export_masked(variables, &[])
    }

    /// Sets the variables, and before that has a CI system keep `parts` out of
    /// its log: secret parts of the values that may show up by themselves.
    ///
    /// # Errors
    /// As [`Dialect::export`].
    pub fn export_masked(self, variables: &[Variable<'_>], parts: &[&str]) -> Result<Rendered> {
        for (i, variable) in variables.iter().enumerate() {
            let earlier = &variables[..i];
            if earlier.iter().any(|it| it.clashes_with(variable)) {
                return Err(twice(variable.name));
            }
            if variable.value.contains('\0') {
                return Err(self
                    .cannot(variable.name)
                    .with_cause("it holds a NUL character, which no environment variable can"));
            }
        }
        let mut rendered = Rendered::default();
        for part in parts {
            match self {
                Dialect::GithubActions => github::mask(&mut rendered.stdout, part),
                Dialect::AzurePipelines => azure::mask(&mut rendered.stdout, part),
                // The others have no masks.
                _ => {}
            }
        }
        match self {
            Dialect::Json => rendered.stdout = json::object(variables)?,
            Dialect::GithubActions => {
                let file = rendered.github_env.insert(Bytes::new());
                for variable in variables {
                    github::export(&mut rendered.stdout, file, variable)
                        .map_err(|why| self.refuse(variable.name, &why))?;
                }
            }
            _ => {
                for variable in variables {
                    self.line(&mut rendered.stdout, variable)
                        .map_err(|why| self.refuse(variable.name, &why))?;
                }
            }
        }
        Ok(rendered)
    }

    /// Takes the variables away again.
    ///
    /// # Errors
    /// `Usage` where the format can only set variables.
    pub fn unset(self, names: &[&Name]) -> Result<Bytes> {
        let line = match self {
            Dialect::Posix => posix::unset,
            Dialect::Fish => fish::unset,
            Dialect::PowerShell => powershell::unset,
            Dialect::Cmd => cmd::unset,
            Dialect::Nushell => nushell::unset,
            Dialect::Dotenv
            | Dialect::Json
            | Dialect::GithubActions
            | Dialect::Gitlab
            | Dialect::AzurePipelines => return Err(self.only_sets()),
        };
        let mut out = Bytes::new();
        for name in names {
            line(&mut out, name);
        }
        Ok(out)
    }

    /// The statement that fails, with its newline: printed by a failing `env`,
    /// because evaluating nothing at all succeeds, and a script would go on
    /// without a token. `None` for what is read, not run.
    pub fn failure(self) -> Option<&'static str> {
        match self {
            Dialect::Posix | Dialect::Fish => Some("false\n"),
            Dialect::PowerShell => Some("throw 'gc-token env failed'\n"),
            Dialect::Cmd => Some("exit /b 1\r\n"),
            Dialect::Nushell => Some("error make {msg: \"gc-token env failed\"}\n"),
            Dialect::Dotenv
            | Dialect::Json
            | Dialect::GithubActions
            | Dialect::Gitlab
            | Dialect::AzurePipelines => None,
        }
    }

    /// One variable, in the dialects that have a line for each.
    fn line(self, out: &mut Bytes, variable: &Variable<'_>) -> Result<(), Cannot> {
        match self {
            Dialect::Posix => posix::export(out, variable),
            Dialect::Fish => fish::export(out, variable),
            Dialect::PowerShell => return powershell::export(out, variable),
            Dialect::Cmd => return cmd::export(out, variable),
            Dialect::Nushell => nushell::export(out, variable),
            Dialect::Dotenv => return dotenv::export(out, variable),
            Dialect::Gitlab => return gitlab::export(out, variable),
            Dialect::AzurePipelines => return azure::export(out, variable),
            Dialect::Json | Dialect::GithubActions => unreachable!("not made of lines"),
        }
        Ok(())
    }

    fn refuse(self, name: &Name, why: &Cannot) -> Error {
        self.cannot(name).with_cause(why.0).with_hint("--shell json can write any value")
    }

    fn cannot(self, name: &Name) -> Error {
        let what = format!("the value of {name} cannot be written as {}", self.name());
        Error::new(Kind::Configuration, what)
    }

    fn only_sets(self) -> Error {
        let what = format!("--unset cannot be written as {}", self.name());
        Error::new(Kind::Usage, what)
            .with_cause("this format can set variables, and has no way to take them away")
            .with_hint("--unset takes the shells posix, fish, powershell, cmd and nushell")
    }
}

fn twice(name: &Name) -> Error {
    Error::new(Kind::Usage, format!("two values for one variable, {name}"))
        .with_cause("Windows takes names that differ only in upper and lower case for the same")
        .with_hint("give --var and --region-var different names")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// What `dialect` says to setting `A` to `value`; the error's cause when it
    /// refuses, after a check that the error does not quote the value.
    pub(crate) fn set(dialect: Dialect, value: &str) -> Result<String, String> {
        let name = "A".parse().unwrap();
        let variable = Variable { name: &name, value, secret: true };
        match dialect.export(&[variable]) {
            Ok(rendered) => Ok(String::from_utf8(rendered.stdout.to_vec()).unwrap()),
            Err(error) => {
                assert_eq!(error.kind, Kind::Configuration);
                assert_eq!(
                    error.message,
                    format!("the value of A cannot be written as {}", dialect.name())
                );
                assert!(value.len() < 3 || !error.to_string().contains(value));
                Err(error.cause.unwrap())
            }
        }
    }

    /// What `dialect` says to taking `A` and `B_1` away.
    pub(crate) fn unset(dialect: Dialect) -> String {
        let (a, b) = ("A".parse().unwrap(), "B_1".parse().unwrap());
        String::from_utf8(dialect.unset(&[&a, &b]).unwrap().to_vec()).unwrap()
    }

    #[test]
    fn names_are_those_of_the_command_line() {
        for dialect in Dialect::value_variants() {
            let value = dialect.to_possible_value().unwrap();
            assert_eq!(value.get_name(), dialect.name());
        }
    }

    #[test]
    fn no_dialect_takes_a_nul() {
        for dialect in Dialect::value_variants() {
            assert_eq!(
                set(*dialect, "a\0b").unwrap_err(),
                "it holds a NUL character, which no environment variable can"
            );
        }
    }

    #[test]
    fn no_dialect_takes_one_name_twice() {
        let names: [Name; 2] = ["TOKEN".parse().unwrap(), "Token".parse().unwrap()];
        let variable = |name, value| Variable { name, value, secret: false };
        for dialect in Dialect::value_variants() {
            for (one, other) in [(&names[0], &names[1]), (&names[1], &names[1])] {
                let variables = [variable(one, "x"), variable(other, "y")];
                let error = dialect.export(&variables).unwrap_err();
                assert_eq!(error.kind, Kind::Usage);
                assert_eq!(error.message, "two values for one variable, Token");
            }
            // Then it makes no difference which of them counts.
            let same = [variable(&names[0], "x"), variable(&names[1], "x")];
            assert!(dialect.export(&same).is_ok(), "{dialect:?}");
        }
    }

    #[test]
    fn only_what_is_run_can_unset_and_fail() {
        let name = "A".parse().unwrap();
        for dialect in Dialect::value_variants() {
            let unset = dialect.unset(&[&name]);
            assert_eq!(unset.is_ok(), dialect.failure().is_some(), "{dialect:?}");
            if let Err(error) = unset {
                assert_eq!(error.kind, Kind::Usage);
            }
        }
    }
}
