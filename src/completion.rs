//! Completion of command lines.
//!
//! The scripts for bash, zsh and fish run the program at each TAB, with
//! `_GC_TOKEN_COMPLETE` set: so they complete profiles as well, and fit every later version.
//! Scripts for the other shells are static.

mod respond;
mod scripts;
mod values;

pub(crate) use respond::respond;
pub(crate) use scripts::script;

use clap::Command;

use crate::cli::help::documented;

/// Set by a shell's script that requests completions. The arguments are then `--` and the
/// words up to the cursor, the last of which is to be completed.
pub(crate) const VARIABLE: &str = "_GC_TOKEN_COMPLETE";

/// Returns the command line without the hidden commands.
pub(crate) fn shown() -> Command {
    let whole = documented();
    let subcommands =
        whole.get_subcommands().filter(|subcommand| !subcommand.is_hide_set()).cloned();
    let shown = Command::new("gc-token")
        .bin_name("gc-token")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .args(whole.get_arguments().cloned())
        .subcommands(subcommands.collect::<Vec<_>>());
    let about = |text: Option<&clap::builder::StyledStr>| text.cloned().unwrap_or_default();
    shown.about(about(whole.get_about())).long_about(about(whole.get_long_about()))
}
