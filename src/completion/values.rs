//! The values of options, as far as they can be listed.

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Arg, Command, ValueEnum, ValueHint};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};

use crate::config::{self, ValueType, table};
use crate::context::Context;
use crate::output::OutputFormat;
use crate::region::{REGIONS, Region};

#[derive(Debug, PartialEq, Eq)]
enum Values {
    Listed(Vec<PossibleValue>),
    Profile,
    File,
    Directory,
    Free,
}

pub(super) fn attach_values(mut command: Command, context: &Context) -> Command {
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
                let values = values_of_flag(flag);
                with_values(arg, values, profiles)
            }
            _ => arg,
        })
        .mut_subcommands(|subcommand| attach_to(subcommand, profiles))
}

fn with_values(arg: Arg, values: Values, profiles: &[String]) -> Arg {
    match values {
        Values::Listed(values) => listed(arg, values),
        Values::Profile => one_of(arg, profiles.to_owned()),
        Values::File => completed_by_shell(arg, ValueHint::FilePath),
        Values::Directory => completed_by_shell(arg, ValueHint::DirPath),
        Values::Free => arg.value_hint(ValueHint::Other),
    }
}

/// Shells complete files better than a list could: they know `~`, variables and quotes. A
/// static script gets the hint, and a request no candidates.
fn completed_by_shell(arg: Arg, hint: ValueHint) -> Arg {
    one_of(arg.value_hint(hint), Vec::new())
}

fn listed(arg: Arg, values: Vec<PossibleValue>) -> Arg {
    arg.value_parser(PossibleValuesParser::new(values))
}

/// Values that are known at each TAB, but not when a script is printed.
fn one_of(arg: Arg, names: Vec<String>) -> Arg {
    let candidates = move || names.iter().map(CompletionCandidate::new).collect();
    arg.add(ArgValueCandidates::new(candidates))
}

/// Returns whether the parser does not list the values: settings are checked later, when
/// all their sources are known.
fn takes_text(arg: &Arg) -> bool {
    arg.get_value_parser().possible_values().is_none()
}

/// An option of one name takes the same values in all commands, unless the parser lists them.
fn values_of_flag(flag: &str) -> Values {
    match table::ALL.iter().find(|setting| setting.flag == flag) {
        Some(setting) => values_of_type(setting.value),
        None => match flag {
            "ca-out" | "html" | "sums" => Values::File,
            "all" | "from" | "mirror" | "write" => Values::Directory,
            _ => Values::Free,
        },
    }
}

fn values_of_type(value: ValueType) -> Values {
    let listed =
        |names: &[&'static str]| Values::Listed(names.iter().map(PossibleValue::new).collect());
    match value {
        ValueType::Shell => {
            let names =
                OutputFormat::value_variants().iter().filter_map(ValueEnum::to_possible_value);
            Values::Listed(names.collect())
        }
        ValueType::Region => {
            let value = |region: &Region| PossibleValue::new(region.aws).help(region.domain);
            Values::Listed(REGIONS.iter().map(value).chain(places()).collect())
        }
        ValueType::Choice(names) => listed(names),
        ValueType::Duration => listed(&["5s", "30s", "1m", "10m", "30m", "1h"]),
        ValueType::Switch | ValueType::OptionalSwitch => listed(&["true", "false"]),
        ValueType::Profile => Values::Profile,
        ValueType::File => Values::File,
        ValueType::Directory => Values::Directory,
        ValueType::Text | ValueType::Url | ValueType::Number { .. } | ValueType::Count => {
            Values::Free
        }
    }
}

/// Those that need no quotes.
fn places() -> impl Iterator<Item = PossibleValue> {
    let places = |region: &'static Region| {
        let places = region.places.iter().filter(|place| !place.contains([' ', '.']));
        places.map(|place| PossibleValue::new(*place).help(region.aws))
    };
    REGIONS.iter().flat_map(places)
}

#[cfg(test)]
mod tests {
    use super::super::shown;
    use super::*;

    /// Options of the sandbox, of `exec` and of `init` that are no settings and take any text.
    const FREE: [&str; 15] = [
        "api-faults",
        "api-latency",
        "api-offset",
        "client-secret-command",
        "expires-in",
        "faults",
        "issuer-offset",
        "latency",
        "lifetime",
        "listen-api",
        "listen-login",
        "max-tokens",
        "mint-rate",
        "path-rate",
        "set",
    ];

    #[test]
    fn an_option_that_is_no_setting_has_its_values_decided_here() {
        let mut command = shown();
        command.build();
        let is_setting = |flag: &str| table::ALL.iter().any(|setting| setting.flag == flag);
        let mut undecided: Vec<_> = options(&command)
            .into_iter()
            .filter(|flag| !is_setting(flag) && values_of_flag(flag) == Values::Free)
            .filter(|flag| !FREE.contains(&flag.as_str()))
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
