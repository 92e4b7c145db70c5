//! Settings as flags: clap's arguments are made from the table of settings.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, Id};

use crate::config::{Flags, Setting, ValueType, table};

/// The settings that a command takes as flags, which its name determines.
#[derive(Debug, Clone, Default)]
pub struct SettingArgs {
    pub flags: Flags,
}

/// Flags that have no effect on an `exec` without a proxy.
const NEED_A_PROXY: &[&str] = &[
    table::ALLOW_HOST.flag,
    table::TOKENS.flag,
    table::RATE.flag,
    table::RATE_WAIT.flag,
    table::METRICS_FILE.flag,
    table::METRICS_LISTEN.flag,
    table::LOG_FORMAT.flag,
];

/// Commands below another one. Their flags always have help texts; those of all others have
/// some if the command is documented, and none to parse a command line.
const SUBCOMMANDS: [&str; 4] = ["list", "clear", "show", "check"];

impl Args for SettingArgs {
    fn augment_args(command: Command) -> Command {
        let name = command.get_name().to_owned();
        let is_documented =
            command.get_after_long_help().is_some() || SUBCOMMANDS.contains(&&*name);
        let settings = table::ALL.iter().filter(|setting| setting.is_flag_of(&name));
        settings.fold(command, |command, setting| {
            let arg = arg(setting, &name);
            command.arg(if is_documented { arg.help(help(setting, &name)) } else { arg })
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        SettingArgs::augment_args(command)
    }
}

fn arg(setting: &Setting, command: &str) -> Arg {
    let mut arg = Arg::new(setting.flag).long(setting.flag).help_heading(setting.topic.heading());
    arg = setting.short_flag.into_iter().fold(arg, Arg::short);
    arg = match setting.value {
        // Unlike a flag of clap's own, it has no value if it is not given.
        ValueType::Switch => arg.action(ArgAction::Set).num_args(0).default_missing_value("true"),
        ValueType::Count => arg.action(ArgAction::Count),
        ValueType::OptionalSwitch => arg
            .value_name(setting.value_name())
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true"),
        // A negative one is refused with the reason, and not taken for a flag.
        ValueType::Duration | ValueType::Number { .. } => {
            arg.value_name(setting.value_name()).allow_hyphen_values(true)
        }
        _ => arg.value_name(setting.value_name()),
    };
    if setting.flag == table::VERBOSE.flag {
        arg = arg.conflicts_with(table::QUIET.flag);
    }
    match command {
        // The subcommands take these flags, too.
        "cache" | "config" | "terraform" => arg.global(true),
        "get" if setting.flag == table::JSON.flag => arg.conflicts_with(table::FORMAT.flag),
        "exec" if setting.flag == table::LISTEN.flag => arg.requires("gateway"),
        "exec" if NEED_A_PROXY.contains(&setting.flag) => arg.requires("proxy"),
        _ => arg,
    }
}

fn help(setting: &Setting, command: &str) -> String {
    let help = match command {
        "init" if *setting == table::PROFILE => "The profile to write",
        _ => setting.help,
    };
    match setting.shown_default() {
        Some(default) => format!("{help} [default: {default}]"),
        None => help.to_owned(),
    }
}

impl FromArgMatches for SettingArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<SettingArgs, clap::Error> {
        SettingArgs::from_arg_matches_mut(&mut matches.clone())
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<SettingArgs, clap::Error> {
        let known = |id: &Id| table::ALL.iter().find(|setting| setting.flag == id.as_str());
        let settings: Vec<_> = matches.ids().filter_map(known).collect();
        let mut flag = |setting: &&Setting| Some((setting.flag, take_value(setting, matches)?));
        Ok(SettingArgs { flags: settings.into_iter().filter_map(&mut flag).collect() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = SettingArgs::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Returns the value of a flag; `None` if it was not given.
fn take_value(setting: &Setting, matches: &mut ArgMatches) -> Option<String> {
    match setting.value {
        ValueType::Count => {
            let count = *matches.try_get_one::<u8>(setting.flag).ok()??;
            (count > 0).then(|| count.to_string())
        }
        _ => matches.try_remove_one::<String>(setting.flag).ok()?,
    }
}
