//! The documentation says what is true: its commands are run, its tables are
//! compared with the program, its links lead somewhere.
//!
//! A block of shell commands is run where the comment `<!-- runs -->` stands
//! on the line before it.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use common::cloud::cloud;
use common::runner::Runner;
use gc_token::duration::human;
use gc_token::error::Kind;
use gc_token::output::Dialect;
use gc_token::plugin::{Block, Provider, Usage};
use gc_token::provider::{ACCESS_TOKEN, TokenProvider};
use gc_token::region::REGIONS;
use gc_token::sandbox::{Change, Faults, Plan};
use gc_token::settings::{self, names};
use gc_token::world::World;

#[test]
fn the_commands_work() {
    let readme = read("README.md");
    let blocks: Vec<_> = readme
        .split("<!-- runs -->\n```sh\n")
        .skip(1)
        .map(|rest| rest.split_once("\n```").unwrap().0)
        .collect();
    assert_eq!(blocks.len(), readme.matches("<!-- runs -->").count());
    for shell in ["bash", "dash"] {
        let missing = [shell, "curl"].into_iter().find(|it| common::program(it).is_none());
        if let Some(missing) = missing {
            common::missing(missing);
            continue;
        }
        let cloud = cloud(Plan::default());
        for block in &blocks {
            let runner = Runner::of(&cloud);
            let ended = runner.shell(shell, &format!("set -eu\n{CLEAN_UP}\n{block}"));
            assert!(ended.status.success(), "{shell}: {block}\n{ended:#?}");
        }
    }
}

/// Should a command fail before the sandbox is stopped.
const CLEAN_UP: &str = r#"trap 'kill "${sandbox:-}" 2>/dev/null || :' EXIT"#;

/// An address in what people copy is this machine's, a service's that gc-token is for,
/// or one that nobody can own (RFC 2606): somebody else could register any other.
#[test]
fn what_people_copy_names_no_address_that_somebody_could_take() {
    let mut found = 0;
    for page in pages(&root()) {
        let text = fs::read_to_string(&page).unwrap();
        let is_prose = page.extension().is_some_and(|it| it == "md");
        let copied = if is_prose { fenced(&text) } else { text };
        for rest in copied.split("://").skip(1) {
            let end = rest.find(|it: char| !(it.is_ascii_alphanumeric() || ".-".contains(it)));
            let host = &rest[..end.unwrap_or(rest.len())];
            let nobodys = ["example", "test", "invalid", "localhost"];
            let allowed = host.is_empty()
                || REGIONS.iter().any(|region| host.ends_with(region.domain))
                || ["127.0.0.1", "example.com"].contains(&host)
                || host.ends_with(".example.com")
                || host.rsplit('.').next().is_some_and(|it| nobodys.contains(&it));
            assert!(allowed, "{}: {host}", page.display());
            found += 1;
        }
        for forge in ["github.com", "gitlab.com", "ghcr.io", "docker.io"] {
            assert!(!copied.contains(&format!("{forge}/gc-token")), "{}: {forge}", page.display());
        }
    }
    assert!(found > 3, "only {found} were found");
}

/// What stands between fences.
fn fenced(text: &str) -> String {
    text.split("\n```").skip(1).step_by(2).collect()
}

/// The pages for people, and the files of the examples.
fn pages(root: &Path) -> Vec<PathBuf> {
    let mut places =
        vec![root.join("docs"), root.join("examples"), root.join("terraform-examples")];
    let mut pages: Vec<_> = fs::read_dir(root).unwrap().map(|it| it.unwrap().path()).collect();
    pages.retain(|page| page.extension().is_some_and(|it| it == "md"));
    while let Some(place) = places.pop() {
        for entry in fs::read_dir(place).unwrap() {
            let entry = entry.unwrap();
            match entry.file_type().unwrap().is_dir() {
                true => places.push(entry.path()),
                false => pages.push(entry.path()),
            }
        }
    }
    pages
}

/// mandoc is the strictest reader of manual pages. That a page has no date is meant.
#[test]
fn the_manual_is_well_formed_and_refers_to_pages_that_there_are() {
    if common::program("mandoc").is_none() {
        return common::missing("mandoc");
    }
    let runner = Runner::bare();
    let mut pages = vec![Vec::new()];
    let mut printed = 0;
    while let Some(verbs) = pages.pop() {
        let words: Vec<&str> =
            ["man"].into_iter().chain(verbs.iter().map(String::as_str)).collect();
        let page = runner.run(&words).succeeded().to_owned();
        let file = runner.home().join("page.1");
        fs::write(&file, &page).unwrap();
        let lint = runner.start_program(&["mandoc", "-Tlint", "-Wwarning", "page.1"]).finish();
        let found = lint.stdout.lines().filter(|line| !line.contains("missing date"));
        assert_eq!(found.collect::<Vec<_>>(), Vec::<&str>::new(), "{words:?}");
        assert!(!page.contains("watchdog"), "{words:?}");
        let name = format!(
            r"gc\-token\-{}",
            verbs.iter().map(|it| format!(r"{it}\-")).collect::<String>()
        );
        for line in page.lines().filter(|it| it.ends_with("(1)") && !it.contains(' ')) {
            let verb = line.trim_end_matches("(1)").strip_prefix(&name).expect(line);
            pages.push([verbs.clone(), vec![verb.replace(r"\-", "-")]].concat());
        }
        printed += 1;
    }
    assert!(printed > 18, "{printed} pages");
}

/// Nobody has to know of what the program starts itself.
#[test]
fn what_gc_token_starts_itself_is_offered_nowhere() {
    let runner = Runner::bare();
    let shells = ["bash", "elvish", "fish", "nushell", "powershell", "zsh"];
    let help: [&[&str]; 3] = [&["--help"], &["help"], &["man"]];
    let scripts = shells.each_ref().map(|shell| ["completions", shell]);
    for words in help.into_iter().chain(scripts.iter().map(|words| &words[..])) {
        let text = runner.run(words).succeeded().to_owned();
        assert!(text.contains("gc-token") && !text.contains("watchdog"), "{words:?}");
    }
}

#[test]
fn the_table_of_settings_is_complete() {
    let rows: BTreeMap<_, _> = rows("README.md", "| `--")
        .into_iter()
        .filter(|cells| cells.len() == 5)
        .map(|cells| (cells[0].trim_matches('`').to_owned(), cells))
        .collect();
    for setting in names::ALL {
        let flag = format!("--{}", setting.flag);
        let cells = rows.get(&flag).unwrap_or_else(|| panic!("no row of {flag}"));
        assert_eq!(codes(&cells[1]), setting.variables, "{flag}");
        let key: &[_] = if setting.in_profile { &[setting.key] } else { &[] };
        assert_eq!(codes(&cells[2]), key, "{flag}");
    }
    for (flag, default) in [
        ("--skew", settings::DEFAULT_SKEW),
        ("--min-ttl", settings::DEFAULT_MIN_TTL),
        ("--timeout", settings::DEFAULT_TIMEOUT),
        ("--lock-timeout", settings::DEFAULT_LOCK_TIMEOUT),
    ] {
        assert_eq!(codes(&rows[flag][3]), [human(default)], "{flag}");
    }
    let documented: BTreeSet<_> = rows.into_keys().collect();
    let verbs: [&[_]; 6] =
        [&["external"], &["env"], &["get"], &["status"], &["cache", "list"], &["gateway"]];
    let mut offered: BTreeSet<_> = verbs.into_iter().flat_map(flags).collect();
    // Not a setting: it belongs to one command line.
    assert!(offered.remove("--until-stdin-closes"));
    assert_eq!(documented, offered);
}

#[test]
fn the_exit_codes_are_the_programs() {
    let documented: Vec<_> = rows("README.md", "| ")
        .into_iter()
        .filter_map(|cells| Some((cells[0].parse::<u8>().ok()?, cells[1].clone())))
        .collect();
    assert_eq!(documented.len(), 12);
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
            Kind::CommandUnusable => "cannot be run",
            Kind::CommandNotFound => "is not there",
        };
        let row = documented.iter().find(|(code, _)| *code == kind.exit_code());
        let (code, meaning) = row.expect("it has a row");
        assert!(meaning.contains(words), "{code}: {meaning}");
    }
}

#[test]
fn the_sandbox_takes_the_faults_and_the_changes_that_are_listed() {
    let readme = read("README.md");
    let section = between(&readme, "\n| Item |", "\n\n");
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
    let changes = between(&readme, "| `PUT /sandbox/plan` |", "|");
    let nonsense = serde_json::from_str::<Change>(r#"{"nonsense": 1}"#);
    let known = nonsense.err().unwrap().to_string();
    let known = codes(known.split_once("expected one of").unwrap().1);
    assert_eq!(codes(changes), known);
}

#[test]
fn the_shells_exist() {
    let text = read("README.md") + &read("terraform-examples/ci-env/README.md");
    let named = text.split("--shell ").skip(1);
    let named: BTreeSet<_> =
        named.map(|rest| rest.split([' ', '`', '\'', '\n']).next().unwrap()).collect();
    assert!(named.len() > 5, "{named:?}");
    for name in named {
        assert!(Dialect::from_str(name, false).is_ok(), "{name}");
    }
}

#[test]
fn the_registrys_pages_list_the_providers_attributes() {
    let schema = TokenProvider::new(&World::real()).schema();
    assert_listed("docs/index.md", &schema.provider);
    let resources: Vec<_> = schema.ephemeral_resources.into_iter().collect();
    let [(ACCESS_TOKEN, block)] = &resources[..] else {
        panic!("a page is missing");
    };
    assert_listed("docs/ephemeral-resources/access_token.md", block);
}

/// The schema of a page has the attributes of the block, each in its section.
fn assert_listed(page: &str, block: &Block) {
    let text = read(page);
    let schema = text.split_once("\n## Schema\n").expect("it has a schema").1;
    for (heading, usage) in [
        ("### Required", Usage::Required),
        ("### Optional", Usage::Optional),
        ("### Read-Only", Usage::Computed),
    ] {
        let listed: BTreeSet<_> = schema
            .split_once(heading)
            .map_or("", |(_, rest)| rest.split("\n#").next().unwrap())
            .lines()
            .filter_map(|line| line.strip_prefix("- `")?.split('`').next())
            .collect();
        let attributes = block.attributes.iter();
        let offered: BTreeSet<_> = attributes
            .filter(|attribute| attribute.usage == usage)
            .map(|attribute| attribute.name)
            .collect();
        assert_eq!(listed, offered, "{page}, {heading}");
    }
}

#[test]
fn the_links_lead_somewhere() {
    let mut links = 0;
    for page in PAGES {
        let text = read(page);
        for target in text.split("](").skip(1) {
            let target = target.split(')').next().unwrap();
            if target.starts_with("https://") {
                continue;
            }
            let (path, heading) = target.split_once('#').unwrap_or((target, ""));
            let linked = match path {
                "" => root().join(page),
                path => root().join(page).parent().unwrap().join(path),
            };
            assert!(linked.exists(), "{page}: {target}");
            if !heading.is_empty() {
                let text = fs::read_to_string(linked).unwrap();
                let mut headings = text.lines().filter(|line| line.starts_with('#'));
                assert!(headings.any(|it| slug(it) == heading), "{page}: {target}");
            }
            links += 1;
        }
    }
    assert!(links > 50, "only {links} were found");
}

const PAGES: [&str; 14] = [
    "README.md",
    "SECURITY.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/index.md",
    "docs/edge-cases.md",
    "docs/ephemeral-resources/access_token.md",
    "terraform-examples/ci-env/README.md",
    "terraform-examples/external/README.md",
    "terraform-examples/long-apply/README.md",
    "examples/curl/README.md",
    "examples/n8n/README.md",
    "examples/python-sdk/README.md",
];

/// Each row of the catalogue ends in `file: function`, a test that exists.
#[test]
fn the_edge_cases_name_their_tests() {
    let rows = rows("docs/edge-cases.md", "| ");
    let rows = rows.iter().filter(|cells| cells.last().is_none_or(|last| last != "Test"));
    for cells in rows {
        let [_instance, _result, test] = &cells[..] else {
            panic!("not three cells: {cells:?}");
        };
        for test in codes(test) {
            let (file, function) = test.split_once(": ").unwrap_or_else(|| panic!("{test}"));
            let source = read(file);
            assert!(source.contains(&format!("fn {function}(")), "{test}: no such function");
        }
        assert!(!codes(test).is_empty(), "no test: {cells:?}");
    }
}

/// How a heading is named in a link.
fn slug(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = heading.chars().filter(|char| char.is_alphanumeric() || " -_".contains(*char));
    kept.map(|char| if char == ' ' { '-' } else { char }).collect()
}

/// The flags that a verb's help offers.
fn flags(verb: &[&str]) -> Vec<String> {
    let help = Runner::bare().run(&[verb, &["--help"]].concat());
    // Descriptions are indented further.
    let option = |line: &&str| line.find('-').is_some_and(|indent| indent < 10);
    let flag = |line: &str| {
        let (_, name) = line.split_once("--")?;
        let end = name.find(|char: char| !(char.is_ascii_lowercase() || char == '-'));
        Some(format!("--{}", &name[..end.unwrap_or(name.len())]))
    };
    let flags = help.succeeded().lines();
    flags.filter(option).filter_map(flag).filter(|flag| flag != "--help").collect()
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

/// What stands between backquotes.
fn codes(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let rest = text.split_once(start).expect("it has a start").1;
    rest.split_once(end).expect("it has an end").0
}

fn read(page: &str) -> String {
    fs::read_to_string(root().join(page)).unwrap_or_else(|why| panic!("{page}: {why}"))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}
