use clap::CommandFactory;

use super::*;
use crate::config::table;

/// The help of a command, each text on one line.
fn long_help(command: &str) -> String {
    let mut cli = help::documented().term_width(10_000);
    cli.build();
    cli.find_subcommand_mut(command).expect("a command").render_long_help().to_string()
}

#[test]
fn the_overview_and_a_commands_own_help_begin_alike() {
    let overview = Cli::command();
    let mut complete = Cli::command();
    complete.build();
    for subcommand in overview.get_subcommands() {
        let own = complete.find_subcommand(subcommand.get_name()).expect("the same command");
        let about = |command: &clap::Command| command.get_about().map(ToString::to_string);
        assert_eq!(about(own), about(subcommand), "{}", subcommand.get_name());
    }
}

#[test]
fn help_says_the_default_of_a_setting() {
    let help = long_help("get");
    for (flag, default) in [
        ("--skew <TIME>", "[default: 5s]"),
        ("--min-ttl <TIME>", "[default: 10m, at most half of what a new token offers]"),
        ("--idle-timeout <TIME>", "[default: none]"),
        ("--timeout <TIME>", "[default: 30s]"),
        ("--lock-timeout <TIME>", "[default: 35s]"),
        ("--verify <WHEN>", "[default: auto]"),
        ("--client-auth <METHOD>", "[default: basic]"),
        ("--format <FORMAT>", "[default: text]"),
    ] {
        let (_, after) = help.split_once(flag).unwrap_or_else(|| panic!("no {flag} in {help}"));
        let text = after.trim_start().lines().next().unwrap_or_default();
        assert!(text.ends_with(default), "{flag}: {text}");
    }
}

#[test]
fn each_setting_is_a_flag_of_some_command_and_is_read_from_it() {
    for setting in table::ALL {
        let mut cli = Cli::command();
        cli.build();
        let command = cli
            .get_subcommands()
            .find(|command| setting.is_flag_of(command.get_name()))
            .unwrap_or_else(|| panic!("no command takes --{}", setting.flag));
        let flag = format!("--{}", setting.flag);
        let mut args = vec!["gc-token", command.get_name(), &flag];
        args.extend(setting.takes_value().then_some("value"));
        let given = if setting.flag == "stand-in-token" {
            args.truncate(2);
            args.push("--stand-in-token=value");
            "value"
        } else if setting.flag == "verbose" {
            "1"
        } else if setting.takes_value() {
            "value"
        } else {
            "true"
        };
        args.extend((command.get_name() == "cache").then_some("list"));
        if command.get_name() == "exec" {
            args.extend(["--gateway", "--", "true"]);
        }
        let flags = match Cli::try_parse_from(&args).expect("the flag is known").command {
            Command::External(args)
            | Command::Env(args)
            | Command::Get(args)
            | Command::Status(args) => args.flags,
            Command::Doctor(args) => args.settings.flags,
            Command::Init(args) => args.settings.flags,
            Command::Gateway(args) => args.settings.flags,
            Command::Exec(args) => args.settings.flags,
            Command::Cache(args) => args.settings.flags,
            other => panic!("{other:?} takes no settings"),
        };
        assert_eq!(flags, [(setting.flag, given.to_owned())]);
    }
}

#[test]
fn the_help_of_external_lists_the_keys_of_a_query() {
    let help = long_help("external");
    let (_, keys) = help.split_once("Query keys: ").expect("the list");
    let keys: Vec<_> = keys.split('.').next().unwrap_or_default().split(", ").collect();
    let in_query = table::ALL.iter().filter(|setting| setting.in_query);
    assert_eq!(keys, in_query.map(|setting| setting.key).collect::<Vec<_>>());
}

#[test]
fn the_cache_takes_its_flags_behind_the_subcommand_as_well() {
    for args in [["cache", "--json", "list"], ["cache", "list", "--json"]] {
        let cli = Cli::try_parse_from(["gc-token"].iter().chain(&args)).expect("it parses");
        let Command::Cache(args) = cli.command else { panic!("{:?}", cli.command) };
        assert_eq!(args.settings.flags, [("json", "true".to_owned())]);
    }
}

#[test]
fn every_command_can_be_quiet() {
    fn assert_quiet(command: &clap::Command) {
        for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
            let is_internal = below.is_hide_set();
            let is_quiet = below.get_arguments().any(|arg| arg.get_long() == Some("quiet"));
            assert!(is_quiet || is_internal, "{}: add SettingArgs", below.get_name());
            assert_quiet(below);
        }
    }
    let mut cli = Cli::command();
    cli.build();
    assert_quiet(&cli);
    for (words, wanted) in [
        (&["gc-token", "regions", "-q"][..], Some(true)),
        (&["gc-token", "cache", "list", "--quiet"], Some(true)),
        (&["gc-token", "cache", "-q", "list"], Some(true)),
        (&["gc-token", "config", "show", "-vv"], Some(false)),
        (&["gc-token", "get", "--verbose"], Some(false)),
        (&["gc-token", "exec", "x", "-q", "-v"], None),
        (&["gc-token", "get"], None),
    ] {
        let words: Vec<_> = words.iter().map(OsString::from).collect();
        assert_eq!(Cli::parse_words(&words).unwrap().quiet_flag, wanted, "{words:?}");
    }
}
