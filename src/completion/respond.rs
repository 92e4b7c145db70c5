//! Responds to a shell's request for completions.

use std::ffi::OsString;

use clap_complete::engine::{CompletionCandidate, complete};

use super::{shown, values};
use crate::context::{Context, StandardStreams};
use crate::error::{Error, Kind, Result};

/// Prints a line for each completion of the last word: the word, and after a tab its
/// description, if there is one. Prints nothing for a file or free text: the shells complete
/// files themselves.
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
    let mut command = values::attach_values(shown(), context);
    let completed = complete(&mut command, words.to_vec(), words.len() - 1, None);
    let lines: String = relevant_candidates(completed.unwrap_or_default(), &words[words.len() - 1])
        .iter()
        .map(candidate_line)
        .collect();
    streams.print(lines.as_bytes())
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
