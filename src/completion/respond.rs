//! Responds to a shell's request for completions.

use std::ffi::OsString;
use std::slice::from_ref;

use clap::{Arg, Command};
use clap_complete::engine::{CompletionCandidate, complete};

use super::{shown, values};
use crate::cli::word_order::{self, is_flag, start_of_command};
use crate::context::{Context, StandardStreams};
use crate::error::{Error, Kind, Result};

/// Prints a line for each completion of the last word: the word, and after a tab its
/// description, if there is one. Prints nothing for a file or free text: the shells complete
/// files themselves. For a word of the command that `exec` or `sandbox` runs, prints a tab and
/// the position at which that command begins: the shells know how to complete it.
///
/// `args` are those of the process: its name, `--`, and the words up to the cursor.
///
/// # Errors
/// [`Kind::Output`] when standard output cannot be written to.
pub(crate) fn respond(
    args: &[OsString],
    context: &Context,
    streams: &mut StandardStreams,
) -> Result<()> {
    let Some(words) = args.get(2..).filter(|words| !words.is_empty()) else {
        return Err(Error::new(Kind::Usage, "no words to complete were given")
            .with_hint("'gc-token completions' prints scripts"));
    };
    let words = in_parser_order(words);
    if let Some(start) = start_of_command(&words) {
        return streams.print(format!("\t{start}\n").as_bytes());
    }
    let mut command = values::attach_values(with_leading_flags(shown()), context);
    let words = without_man(words);
    let completed = complete(&mut command, words.clone(), words.len() - 1, None);
    let lines: String = relevant_candidates(completed.unwrap_or_default(), &words[words.len() - 1])
        .iter()
        .map(candidate_line)
        .collect();
    streams.print(lines.as_bytes())
}

/// Accepts the settings before the name of the command as well.
fn with_leading_flags(mut command: Command) -> Command {
    command.build();
    let get = command.find_subcommand("get").expect("it is a command");
    let has = |arg: &Arg| command.get_arguments().any(|own| own.get_id() == arg.get_id());
    let flags: Vec<_> = get.get_arguments().filter(|arg| !has(arg)).cloned().collect();
    command.args(flags)
}

/// The last word is not complete, and stays the last.
fn in_parser_order(words: &[OsString]) -> Vec<OsString> {
    let (last, before) = words.split_last().expect("there are words");
    word_order::command_first(before).iter().chain([last]).cloned().collect()
}

/// The words after `man` are completed as those of the command that they name.
fn without_man(words: Vec<OsString>) -> Vec<OsString> {
    match &words[..] {
        [program, man, rest @ .., last] if man == "man" && !rest.is_empty() && !is_flag(last) => {
            [from_ref(program), rest, from_ref(last)].concat()
        }
        _ => words,
    }
}

/// Drops options if the word is empty and there is anything else to suggest.
fn relevant_candidates(
    mut all: Vec<CompletionCandidate>,
    word: &OsString,
) -> Vec<CompletionCandidate> {
    let is_option = |candidate: &CompletionCandidate| {
        candidate.get_value().as_encoded_bytes().starts_with(b"-")
    };
    all.retain(|candidate| !candidate.is_hide_set());
    if word.is_empty() && !all.iter().all(is_option) {
        all.retain(|candidate| !is_option(candidate));
    }
    all
}

fn candidate_line(candidate: &CompletionCandidate) -> String {
    let value = candidate.get_value().to_string_lossy();
    let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
    match help.lines().next() {
        Some(help) if !help.is_empty() => format!("{value}\t{help}\n"),
        _ => format!("{value}\n"),
    }
}
