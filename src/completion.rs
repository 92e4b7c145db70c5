//! Completion of command lines.
//!
//! bash, zsh and fish ask the program itself at each TAB, by `_GC_TOKEN_COMPLETE`: so
//! profiles are completed as well, and a script that was installed once fits every
//! later version. Scripts for the other shells hold everything that was known when
//! they were printed.

mod answer;
mod scripts;
mod values;

pub(crate) use answer::answer;
pub use scripts::CompletionShell;
pub(crate) use scripts::script;

use clap::{Command, CommandFactory};

use crate::cli::Cli;

/// The variable by which a shell's script asks for completions. Its arguments are
/// `--` and the words up to the cursor, and the last of them is to be completed.
pub(crate) const VARIABLE: &str = "_GC_TOKEN_COMPLETE";

/// The command line without the commands that the program starts itself.
pub(crate) fn shown() -> Command {
    let whole = Cli::command();
    let subcommands =
        whole.get_subcommands().filter(|subcommand| !subcommand.is_hide_set()).cloned();
    let shown = Command::new("gc-token")
        .bin_name("gc-token")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .args(whole.get_arguments().cloned())
        .subcommands(subcommands.collect::<Vec<_>>());
    let about = |text: Option<&clap::builder::StyledStr>| text.cloned().unwrap_or_default();
    shown
        .about(about(whole.get_about()))
        .long_about(about(whole.get_long_about()))
        .after_help(about(whole.get_after_help()))
}
