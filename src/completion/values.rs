//! The values that an option takes, as far as they can be listed.

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Arg, Command, ValueEnum, ValueHint};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};

use crate::config;
use crate::context::Context;
use crate::output::Dialect;
use crate::region::REGIONS;

/// The kind of an option's values.
#[derive(Debug, PartialEq, Eq)]
enum Values {
    /// One of a list.
    Listed(Vec<PossibleValue>),
    /// The name of a profile.
    Profile,
    /// The name of a file.
    File,
    /// The name of a directory.
    Directory,
    /// Any text.
    Free,
}

/// Adds to each option and argument what its values are.
pub(super) fn attach(mut command: Command, context: &Context) -> Command {
    command.build();
    let commands =
        command.get_subcommands().map(|subcommand| subcommand.get_name().to_owned()).collect();
    let profiles = config::profile_names(context);
    attach_to(command, &profiles)
        .mut_subcommand("man", |man| man.mut_arg("command", |arg| one_of(arg, commands)))
}

fn attach_to(command: Command, profiles: &[String]) -> Command {
    command
        .mut_args(|arg| match arg.get_long() {
            Some(flag) if arg.get_action().takes_values() && takes_text(&arg) => {
                let values = values(flag);
                with(arg, values, profiles)
            }
            _ => arg,
        })
        .mut_subcommands(|subcommand| attach_to(subcommand, profiles))
}

fn with(arg: Arg, values: Values, profiles: &[String]) -> Arg {
    match values {
        Values::Listed(values) => listed(arg, values),
        Values::Profile => one_of(arg, profiles.to_owned()),
        Values::File => file(arg, ValueHint::FilePath),
        Values::Directory => file(arg, ValueHint::DirPath),
        Values::Free => arg.value_hint(ValueHint::Other),
    }
}

/// The shells complete files better than a list could: they know `~`, variables and
/// quotes. A script is given the hint, and who asks is given nothing.
fn file(arg: Arg, hint: ValueHint) -> Arg {
    one_of(arg.value_hint(hint), Vec::new())
}

fn listed(arg: Arg, values: Vec<PossibleValue>) -> Arg {
    arg.value_parser(PossibleValuesParser::new(values))
}

/// Values that are known when the program is asked, and not when a script is printed.
fn one_of(arg: Arg, names: Vec<String>) -> Arg {
    let candidates = move || names.iter().map(CompletionCandidate::new).collect();
    arg.add(ArgValueCandidates::new(candidates))
}

/// Returns whether the parser says nothing about the values, as most of the settings are
/// checked only when all their sources are known.
fn takes_text(arg: &Arg) -> bool {
    arg.get_value_parser().possible_values().is_none()
}

/// The values of the option of this name. Options of the same name mean the same in all
/// commands, or list their values in the parser.
fn values(flag: &str) -> Values {
    let words = |words: &[&'static str]| {
        Values::Listed(words.iter().copied().map(PossibleValue::new).collect())
    };
    match flag {
        "shell" => {
            let names = Dialect::value_variants().iter().filter_map(ValueEnum::to_possible_value);
            Values::Listed(names.collect())
        }
        "region" => {
            let region = |it: &crate::region::Region| PossibleValue::new(it.aws).help(it.domain);
            Values::Listed(REGIONS.iter().map(region).collect())
        }
        "stand-in-token" => words(&["true", "false"]),
        "verify" => words(&["auto", "always", "never"]),
        "client-auth" => words(&["basic", "post"]),
        "format" => words(&["text", "json", "header"]),
        "log-format" => words(&["text", "json"]),
        "profile" => Values::Profile,
        "client-secret-file" | "ca-file" | "prefix-file" | "metrics-file" | "ca-out" => {
            Values::File
        }
        "cache-dir" | "mirror" => Values::Directory,
        _ => Values::Free,
    }
}

#[cfg(test)]
mod tests {
    use super::super::shown;
    use super::*;

    /// Options that take any text.
    const FREE: [&str; 25] = [
        "allow-host",
        "api-faults",
        "api-offset",
        "api-url",
        "audience",
        "client-id",
        "expires-in",
        "faults",
        "idle-timeout",
        "issuer-offset",
        "latency",
        "lifetime",
        "listen",
        "listen-api",
        "listen-login",
        "lock-timeout",
        "login-url",
        "min-ttl",
        "region-var",
        "scope",
        "set",
        "skew",
        "timeout",
        "token-url",
        "var",
    ];

    #[test]
    fn somebody_has_decided_what_stands_behind_each_option() {
        let mut command = shown();
        command.build();
        let mut undecided: Vec<_> = options(&command)
            .into_iter()
            .filter(|flag| values(flag) == Values::Free && !FREE.contains(&flag.as_str()))
            .collect();
        undecided.sort();
        undecided.dedup();
        assert_eq!(undecided, Vec::<String>::new());
    }

    fn options(command: &Command) -> Vec<String> {
        let own = command.get_arguments().filter(|arg| arg.get_action().takes_values());
        let own = own.filter(|arg| takes_text(arg)).filter_map(|arg| arg.get_long());
        let below = command.get_subcommands().flat_map(options);
        own.map(str::to_owned).chain(below).collect()
    }
}
