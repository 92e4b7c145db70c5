//! Answers a shell that asks for completions.

use std::ffi::OsString;

use clap_complete::engine::{CompletionCandidate, complete};

use super::{shown, values};
use crate::command::print;
use crate::context::{Context, StandardStreams};
use crate::error::{Error, Kind, Result};

/// Prints a line for each completion of the last word: the word, and after a tab,
/// where there is one, its description. Prints nothing where a file or any text can
/// stand: the shells complete files themselves.
///
/// `args` are those of the process: its name, `--`, and the words up to the cursor.
///
/// # Errors
/// [`Kind::Output`] when standard output cannot be written to.
pub(crate) fn answer(
    args: &[OsString],
    context: &Context,
    streams: &mut StandardStreams,
) -> Result<()> {
    let Some(words) = args.get(2..).filter(|words| !words.is_empty()) else {
        let what = "no words to complete were given";
        return Err(
            Error::new(Kind::Usage, what).with_hint("'gc-token completions' prints scripts")
        );
    };
    let mut command = values::attach(shown(), context);
    let completed = complete(&mut command, words.to_vec(), words.len() - 1, None);
    let lines: String =
        relevant(completed.unwrap_or_default(), &words[words.len() - 1]).iter().map(line).collect();
    print(streams, lines.as_bytes())
}

/// Options are left out while nothing asks for them and there is something else.
fn relevant(mut all: Vec<CompletionCandidate>, word: &OsString) -> Vec<CompletionCandidate> {
    let is_option =
        |one: &CompletionCandidate| one.get_value().as_encoded_bytes().starts_with(b"-");
    all.retain(|one| !one.is_hide_set());
    if word.is_empty() && !all.iter().all(is_option) {
        all.retain(|one| !is_option(one));
    }
    all
}

fn line(candidate: &CompletionCandidate) -> String {
    let value = candidate.get_value().to_string_lossy();
    let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
    match help.lines().next() {
        Some(help) if !help.is_empty() => format!("{value}\t{help}\n"),
        _ => format!("{value}\n"),
    }
}
