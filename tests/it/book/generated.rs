//! The pages that are generated from the program.
//!
//!     GC_TOKEN_WRITE_DOCS=1 cargo test --test it book::generated

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;

use gc_token::internals::config::{Commands, DefaultValue, FlagTopic, Setting, ValueType, table};
use gc_token::internals::duration::human;
use gc_token::internals::sandbox::SandboxConfig;
use serde_json::Value;

use crate::common::cloud::cloud;
use crate::common::page;
use crate::common::runner::Runner;
use crate::common::{missing, program};

const TEST: &str = "book::generated";

#[test]
fn the_commands_are_the_programs() {
    let runner = Runner::bare();
    let mut text = String::new();
    let mut count = 0;
    describe(&runner, &[], &mut text, &mut count);
    assert!(count > 18, "only {count} commands were found");
    page::section("book/src/reference/cli.md", "commands", &text, TEST);
}

/// Writes the help of a command, and then that of its subcommands.
fn describe(runner: &Runner, command: &[&str], text: &mut String, count: &mut usize) {
    let words = [command, &["--help"]].concat();
    let help = runner.run(&words).succeeded().to_owned();
    let heading = ["gc-token"].iter().chain(command).copied().collect::<Vec<_>>().join(" ");
    let level = "#".repeat(2 + command.len().saturating_sub(1));
    // Each command that makes a token repeats the settings, which have a page of their own.
    let own = without_settings(&help);
    // The address is that of this book.
    let own = own.split("\n\nMore:").next().unwrap_or_default();
    let own: String = own.lines().map(|line| line.trim_end().to_owned() + "\n").collect();
    write!(text, "\n{level} {heading}\n\n```text\n{own}```\n").unwrap();
    *count += 1;
    let Some((_, listed)) = help.split_once("\nCommands:\n") else {
        return;
    };
    let names = listed.lines().take_while(|line| line.starts_with("  "));
    for name in names.filter_map(|line| line.split_whitespace().next()) {
        if name != "help" {
            describe(runner, &[command, &[name]].concat(), text, count);
        }
    }
}

fn without_settings(help: &str) -> String {
    let topics = [FlagTopic::Account, FlagTopic::Lifetime, FlagTopic::Cache, FlagTopic::Network];
    let headings: Vec<_> =
        topics.iter().map(|topic| format!("{}:", topic.heading().unwrap())).collect();
    let mut is_kept = true;
    let mut kept = Vec::new();
    for line in help.lines() {
        if !line.is_empty() && !line.starts_with(' ') {
            let is_first = is_kept && headings[0] == line;
            is_kept = !headings.iter().any(|heading| heading == line);
            if is_first {
                kept.push("Settings: see the page about settings\n");
            }
        }
        if is_kept {
            kept.push(line);
        }
    }
    kept.join("\n").trim_end().to_owned()
}

#[test]
fn the_settings_are_the_programs() {
    let mut text = "\n| Flag | Variable | Profile key | Default | Meaning |\n".to_owned();
    text += "|---|---|---|---|---|\n";
    for setting in table::ALL {
        let code = |name: &str| format!("`{name}`");
        let variables: Vec<_> = setting.variables.iter().map(|name| code(name)).collect();
        let cells = [
            code(&format!("--{}", setting.flag)),
            variables.join(", "),
            if setting.in_profile { code(setting.key) } else { String::new() },
            default(setting),
            meaning(setting).replace('|', "\\|"),
        ];
        let row: String =
            cells.iter().map(|cell| format!(" {cell} |").replace("  ", " ")).collect();
        writeln!(text, "|{row}").unwrap();
    }
    page::section("book/src/reference/settings.md", "settings", &text, TEST);
}

/// The help of a setting, after the commands that it is limited to.
fn meaning(setting: &Setting) -> String {
    match setting.commands {
        Commands::Token(_) | Commands::All => setting.help.to_owned(),
        Commands::Only(commands) => {
            let commands: Vec<_> = commands.iter().map(|name| format!("`{name}`")).collect();
            format!("{}: {}", commands.join(", "), setting.help)
        }
    }
}

/// The default of a setting as a cell, its value as code.
fn default(setting: &Setting) -> String {
    match setting.default {
        DefaultValue::Duration(duration) => format!("`{}`", human(duration)),
        DefaultValue::Capped(duration, cap) => format!("`{}`, {cap}", human(duration)),
        DefaultValue::Text(text) => format!("`{text}`"),
        DefaultValue::Described(text) => text.to_owned(),
        DefaultValue::Off => "none".to_owned(),
        DefaultValue::None => match setting.value {
            ValueType::Switch => "off".to_owned(),
            ValueType::Count => "`0`".to_owned(),
            _ => String::new(),
        },
    }
}

#[test]
fn the_metrics_are_the_programs() {
    if program("curl").is_none() {
        return missing("curl");
    }
    let cloud = cloud(SandboxConfig::default());
    let runner = Runner::of(&cloud);
    // One request, so that the window of the rate limit has begun.
    let request = "curl --silent --output home --header \"Authorization: Bearer \
                   $GENESYSCLOUD_ACCESS_TOKEN\" \"$GC_TOKEN_GATEWAY_URL/api/v2/tokens/me\"";
    let words = ["exec", "--gateway", "--metrics-file", "metrics", "--", "sh", "-c", request];
    runner.run(&words).succeeded();
    let metrics = fs::read_to_string(runner.home().join("metrics")).unwrap();
    let mut text = "\n| Name | Type | Labels | Meaning |\n|---|---|---|---|\n".to_owned();
    let lines = metrics.lines().filter_map(|line| line.strip_prefix("# HELP "));
    let mut count = 0;
    for (name, help) in lines.filter_map(|line| line.split_once(' ')) {
        let kind = metrics.split_once(&format!("# TYPE {name} ")).unwrap().1;
        let kind = kind.lines().next().unwrap();
        let help = help.trim_end_matches('.');
        let labels = labels(&metrics, name);
        writeln!(text, "| `{name}` | {kind} | {labels} | {help} |").unwrap();
        count += 1;
    }
    assert!(count > 20, "{metrics}");
    text += "\n";
    page::section("book/src/reference/metrics.md", "metrics", &text, TEST);
}

/// The names of the labels in the samples of a metric, apart from a histogram's bounds.
fn labels(metrics: &str, name: &str) -> String {
    let samples = metrics.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('{'));
    let pairs =
        samples.filter_map(|rest| rest.split_once('}')).flat_map(|(list, _)| list.split(','));
    let names: BTreeSet<_> = pairs.filter_map(|pair| pair.split_once('=')).collect();
    let names: BTreeSet<_> = names.into_iter().map(|(name, _)| format!("`{name}`")).collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}

#[test]
fn the_fields_of_log_lines_are_named() {
    if program("curl").is_none() {
        return missing("curl");
    }
    let cloud = cloud(SandboxConfig::default());
    let request = "printf 'url = \"%s/api/v2/tokens/me\"' \"$GC_TOKEN_GATEWAY_URL\" | \
                   curl --silent --output home --config -";
    let words = ["exec", "--gateway", "--log-format", "json", "--", "sh", "-c", request];
    let ended = Runner::of(&cloud).run(&words);
    let line = ended.stderr.lines().find(|line| line.starts_with('{')).expect("a line of the log");
    let line: serde_json::Map<String, Value> = serde_json::from_str(line).unwrap();
    let page = page::read("book/src/reference/metrics.md");
    for field in line.keys() {
        assert!(page.contains(&format!("`{field}`")), "{field}");
    }
}
