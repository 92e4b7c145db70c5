//! The documentation says what is true: its commands are run, its tables are
//! compared with the program, its links lead somewhere.
//!
//! A block of shell commands is run where the comment `<!-- runs -->` stands
//! on the line before it.

mod links;
mod manual;

use std::collections::BTreeSet;
use std::thread;

use crate::common;
use crate::common::cloud::cloud;
use crate::common::page::{self, read};
use crate::common::runner::Runner;
use clap::ValueEnum;
use gc_token::internals::error::Kind;
use gc_token::internals::output::OutputFormat;
use gc_token::internals::sandbox::{ConfigChange, Faults, SandboxConfig};

#[test]
fn the_commands_work() {
    let pages = ["README.md".to_owned()].into_iter().chain(page::all());
    let pages = pages.filter(|page| page == "README.md" || page.starts_with("book/"));
    let blocks: BTreeSet<_> = pages
        .flat_map(|page| page::commands(&read(&page)).into_iter().map(move |it| (page.clone(), it)))
        .collect();
    assert!(blocks.len() > 15, "only {} were found", blocks.len());
    thread::scope(|scope| {
        for shell in ["bash", "dash"] {
            scope.spawn(|| run(shell, &blocks));
        }
    });
}

/// Runs each block in a home of its own.
fn run(shell: &str, blocks: &BTreeSet<(String, String)>) {
    let missing = [shell, "curl"].into_iter().find(|tool| common::program(tool).is_none());
    if let Some(missing) = missing {
        return common::missing(missing);
    }
    let cloud = cloud(SandboxConfig::default());
    for (page, block) in blocks {
        let runner = Runner::of(&cloud);
        let clean_up = page::CLEAN_UP;
        let ended = runner.shell(shell, &format!("set -eu\n{clean_up}\n{block}"));
        assert!(ended.status.success(), "{page}, {shell}: {block}\n{ended:#?}");
    }
}

#[test]
fn the_exit_codes_are_the_programs() {
    let documented: Vec<_> = rows("book/src/reference/exit-codes.md", "| ")
        .into_iter()
        .filter_map(|cells| Some((cells[0].parse::<u8>().ok()?, cells[1].clone())))
        .collect();
    assert_eq!(documented.len(), 13);
    for kind in [
        Kind::Output,
        Kind::Usage,
        Kind::Configuration,
        Kind::CredentialsRefused,
        Kind::Unavailable,
        Kind::RateLimited,
        Kind::Lifetime,
        Kind::ApiRefused,
        Kind::Cache,
        Kind::System,
        Kind::CommandUnusable,
        Kind::CommandNotFound,
    ] {
        // Whoever adds a kind has to add it here, and to the list above.
        let words = match kind {
            Kind::Output => "cannot be written",
            Kind::Usage => "usage",
            Kind::Configuration => "configuration",
            Kind::CredentialsRefused => "credentials refused",
            Kind::Unavailable => "issuer unavailable",
            Kind::RateLimited => "rate limited",
            Kind::Lifetime => "wanted lifetime",
            Kind::ApiRefused => "API refused",
            Kind::Cache => "cache or lock",
            Kind::System => "operating system refused",
            Kind::CommandUnusable => "cannot be run",
            Kind::CommandNotFound => "not found",
        };
        let row = documented.iter().find(|(code, _)| *code == kind.exit_code());
        let (code, meaning) = row.expect("it has a row");
        assert!(meaning.contains(words), "{code}: {meaning}");
    }
}

#[test]
fn the_sandbox_takes_the_faults_and_the_changes_that_are_listed() {
    let page = read("book/src/reference/sandbox.md");
    let section = between(&page, "\n| Item |", "\n\n");
    let items: Vec<_> = section
        .lines()
        .filter(|line| line.starts_with("| `"))
        .flat_map(|line| codes(line.split('|').nth(1).unwrap()))
        .collect();
    for item in &items {
        let item = item.replace("STATUS", "200");
        item.parse::<Faults>().unwrap_or_else(|why| panic!("{why}"));
    }
    let known = "nonsense".parse::<Faults>().unwrap_err();
    let known = known.split_once("known are ").unwrap().1;
    for name in known.split(", ").flat_map(|names| names.split(" and ")) {
        let name = name.split([':', '[']).next().unwrap();
        let name = if name == "STATUS" { "500" } else { name };
        let listed = items.iter().any(|item| item.split(':').next() == Some(name));
        assert!(listed, "{name} is not in the table");
    }
    let changes = between(&page, "| `PUT /sandbox/config` |", "|");
    let nonsense = serde_json::from_str::<ConfigChange>(r#"{"nonsense": 1}"#);
    let known = nonsense.err().unwrap().to_string();
    let known = codes(known.split_once("expected one of").unwrap().1);
    assert_eq!(codes(changes), known);
}

#[test]
fn the_shells_exist() {
    let text = read("book/src/guides/ci.md") + &read("terraform-examples/ci-env/README.md");
    let named = text.split("--shell ").skip(1);
    let named: BTreeSet<_> =
        named.map(|rest| rest.split([' ', '`', '\'', '\n']).next().unwrap()).collect();
    assert!(named.len() > 5, "{named:?}");
    for name in named {
        assert!(OutputFormat::from_str(name, false).is_ok(), "{name}");
    }
}

/// The cells of the table rows that begin like this.
fn rows(page: &str, start: &str) -> Vec<Vec<String>> {
    let text = read(page);
    let rows = text.lines().filter(|line| line.starts_with(start));
    rows.map(|row| {
        let cells = row.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().to_owned()).collect()
    })
    .collect()
}

/// Returns the texts between backquotes.
pub(super) fn codes(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let rest = text.split_once(start).expect("it has a start").1;
    rest.split_once(end).expect("it has an end").0
}
