//! Completion scripts, one for each shell.

use clap_complete::{Generator, Shell as StaticShell, generate};
use clap_complete_nushell::Nushell;

use super::{VARIABLE, shown, values};
use crate::cli::CompletionShell;
use crate::context::Context;

pub(crate) fn script(shell: CompletionShell, context: &Context) -> String {
    match shell {
        CompletionShell::Bash => dynamic_script(include_str!("scripts/gc-token.bash")),
        CompletionShell::Fish => dynamic_script(include_str!("scripts/gc-token.fish")),
        CompletionShell::Zsh => dynamic_script(include_str!("scripts/_gc-token")),
        CompletionShell::Elvish => static_script(StaticShell::Elvish, context),
        CompletionShell::PowerShell => static_script(StaticShell::PowerShell, context),
        CompletionShell::Nushell => nushell_script(&static_script(Nushell, context)),
    }
}

/// A script that runs the program at each TAB.
fn dynamic_script(script: &str) -> String {
    script.replace("VARIABLE", VARIABLE)
}

fn static_script(shell: impl Generator, context: &Context) -> String {
    let mut script = Vec::new();
    generate(shell, &mut values::attach_values(shown(), context), "gc-token", &mut script);
    String::from_utf8(script).expect("options and their descriptions are text")
}

/// The script contains no names of profiles: another user may read it, and they change.
fn nushell_script(script: &str) -> String {
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
