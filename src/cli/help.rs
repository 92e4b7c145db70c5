//! Help texts with what only they need: examples, the book's address, exit codes. A command
//! line that runs a command is parsed without them.

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::{Command, CommandFactory};

use super::Cli;
use super::examples::CommandGuide;
use crate::config::table;

/// Meanings of the exit codes, for help and manual pages.
pub(crate) const EXIT_CODES: &[(&str, &str)] = &[
    ("0", "ok"),
    ("1", "the result cannot be written"),
    ("2", "usage"),
    ("3", "configuration"),
    ("4", "credentials refused"),
    ("5", "network or issuer unavailable"),
    ("6", "rate limited"),
    ("7", "tokens do not live long enough"),
    ("8", "the API refused the token"),
    ("9", "cache or lock unusable"),
    ("10", "the operating system refused a resource"),
    ("126", "the command of 'exec' or 'sandbox' cannot be run"),
    ("127", "the command of 'exec' or 'sandbox' was not found"),
];

pub(crate) const EXIT_NOTES: &str = "Otherwise 'exec' and 'sandbox' return the code of their \
    command. On failure standard output is empty, except that 'env' prints a statement that makes a shell fail, and \
    'doctor' its report.";

/// Renders the help or the version that `args` request; `None` if they request neither.
pub(crate) fn requested(args: &[OsString]) -> Option<StyledStr> {
    let refusal = documented().try_get_matches_from(args).err()?;
    Some(refusal.render())
}

/// Returns the whole command line, with the texts of its flags and examples.
pub(crate) fn documented() -> Command {
    let document = |command: Command| {
        let text = long_text(command.get_name());
        let takes_settings = table::TIMEOUT.is_flag_of(command.get_name());
        let command = if takes_settings { command.after_help(VARIABLES) } else { command };
        command.after_long_help(text)
    };
    Cli::command().after_long_help(long_text("")).mut_subcommands(document)
}

/// The end of the long help of a command.
pub(crate) fn long_text(command: &str) -> String {
    let is_about_token = table::TIMEOUT.is_flag_of(command);
    let variables = if is_about_token { Some(VARIABLES.to_owned()) } else { None };
    let parts = variables.into_iter().chain(CommandGuide::find(command).map(guide_text));
    parts.collect::<Vec<_>>().join("\n\n")
}

const VARIABLES: &str = "Each setting is also a variable: --min-ttl is GC_TOKEN_MIN_TTL. Profiles \
    hold settings, too.";

fn guide_text(guide: &CommandGuide) -> String {
    let examples = guide.examples.iter();
    let examples: Vec<_> =
        examples.map(|example| format!("  {}:\n    {}", example.purpose, example.line)).collect();
    let codes = if guide.command.is_empty() { exit_codes() } else { String::new() };
    format!("Examples:\n{}\n\n{codes}More: {}", examples.join("\n"), guide.url())
}

fn exit_codes() -> String {
    let codes = EXIT_CODES.iter().map(|(code, meaning)| format!("  {code:<5} {meaning}\n"));
    format!("Exit codes:\n{}\n{EXIT_NOTES}\n\n", codes.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::examples::GUIDES;

    fn paths(command: &Command, above: &str, found: &mut Vec<String>) {
        found.push(above.to_owned());
        let end = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
        assert_eq!(end, long_text(above), "{above}: set after_long_help in src/cli.rs");
        let visible = |command: &&Command| !command.is_hide_set() && command.get_name() != "help";
        for subcommand in command.get_subcommands().filter(visible) {
            let path = format!("{above} {}", subcommand.get_name());
            paths(subcommand, path.trim_start(), found);
        }
    }

    #[test]
    fn each_command_has_examples_that_name_it_and_a_page_that_exists() {
        let mut found = Vec::new();
        let mut command = documented();
        command.build();
        paths(&command, "", &mut found);
        let mut described: Vec<_> = GUIDES.iter().map(|guide| guide.command).collect();
        described.sort();
        found.sort();
        assert_eq!(found, described, "src/cli/examples.rs");
        for guide in GUIDES {
            let page = guide.url().split_once("/book/").unwrap().1.to_owned();
            let page = page.split('#').next().unwrap().to_owned();
            let book = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("book");
            assert!(book.join(&page).exists(), "{page}");
            assert!((1..=3).contains(&guide.examples.len()), "{}", guide.command);
            let words = format!("gc-token {}", guide.command);
            for example in guide.examples {
                assert!(example.line.contains(words.trim_end()), "{}", example.line);
            }
        }
    }
}
