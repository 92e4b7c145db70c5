//! The scripts, one for each shell.

use clap::ValueEnum;
use clap_complete::{Generator, Shell as Static, generate};
use clap_complete_nushell::Nushell;

use super::{VARIABLE, shown, values};
use crate::context::Context;

/// A shell for which there is a completion script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CompletionShell {
    /// bash from 3.2 on
    Bash,
    /// elvish
    Elvish,
    /// fish
    Fish,
    /// nushell
    Nushell,
    /// PowerShell
    #[value(name = "powershell", alias = "pwsh")]
    PowerShell,
    /// zsh
    Zsh,
}

/// The script for this shell.
pub(crate) fn script(shell: CompletionShell, context: &Context) -> String {
    match shell {
        CompletionShell::Bash => dynamic(include_str!("scripts/gc-token.bash")),
        CompletionShell::Fish => dynamic(include_str!("scripts/gc-token.fish")),
        CompletionShell::Zsh => dynamic(include_str!("scripts/_gc-token")),
        CompletionShell::Elvish => fixed(Static::Elvish, context),
        CompletionShell::PowerShell => fixed(Static::PowerShell, context),
        CompletionShell::Nushell => nushell(&fixed(Nushell, context)),
    }
}

/// A script that asks the program at each TAB.
fn dynamic(script: &str) -> String {
    script.replace("VARIABLE", VARIABLE)
}

/// A script that holds all options and values.
fn fixed(shell: impl Generator, context: &Context) -> String {
    let mut script = Vec::new();
    generate(shell, &mut values::attach(shown(), context), "gc-token", &mut script);
    String::from_utf8(script).expect("options and their descriptions are text")
}

/// The names of profiles are no part of the script: whoever reads it may be another
/// user, and there may be others by then.
fn nushell(script: &str) -> String {
    let profiles = format!(
        r#"module completions {{

  def "nu-complete gc-token profile" [] {{
    with-env {{ {VARIABLE}: nushell }} {{ ^gc-token -- gc-token get --profile "" }} | lines
  }}
"#
    );
    script
        .replacen("module completions {\n", &profiles, 1)
        .replace("--profile: string ", "--profile: string@\"nu-complete gc-token profile\" ")
}
