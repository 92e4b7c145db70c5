//! Links, addresses and names in the pages for people lead to what is there.

use std::fs;

use gc_token::internals::region::REGIONS;

use super::{codes, rows};
use crate::common::page::{self, read, root};

/// An address in what people copy is this machine's, a service's that gc-token is for,
/// or one that nobody can own (RFC 2606): somebody else could register any other.
#[test]
fn copied_commands_name_no_address_that_somebody_could_register() {
    let mut found = 0;
    let top = page::all().into_iter().map(|page| root().join(page));
    let examples = page::files(&["examples", "terraform-examples"]);
    for page in top.chain(examples) {
        let text = fs::read_to_string(&page).unwrap();
        let is_prose = page.extension().is_some_and(|it| it == "md");
        let copied = if is_prose { fenced(&text) } else { text };
        let parts: Vec<&str> = copied.split("://").collect();
        for (before, rest) in parts.iter().zip(&parts[1..]) {
            if STORES.iter().any(|scheme| before.ends_with(scheme)) {
                continue;
            }
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

/// The schemes of stores, whose names are placeholders: another's store needs its credentials.
const STORES: [&str; 5] = ["s3", "gs", "az", "redis", "rediss"];

/// Returns the text of the fenced blocks.
fn fenced(text: &str) -> String {
    text.split("\n```").skip(1).step_by(2).collect()
}

#[test]
fn the_links_lead_somewhere() {
    let mut links = 0;
    for page in page::all() {
        let text = read(&page);
        for target in text.split("](").skip(1) {
            let target = target.split(')').next().unwrap();
            if target.starts_with("https://") {
                continue;
            }
            let (path, heading) = target.split_once('#').unwrap_or((target, ""));
            let linked = match path {
                "" => root().join(&page),
                path => root().join(&page).parent().unwrap().join(path),
            };
            assert!(linked.exists(), "{page}: {target}");
            if page.starts_with("book/") {
                // Anything else is not there in the pages that mdbook makes.
                let book = linked.canonicalize().unwrap();
                assert!(book.starts_with(root().join("book/src")), "{page}: {target}");
            }
            if !heading.is_empty() {
                let text = fs::read_to_string(linked).unwrap();
                let mut headings = text.lines().filter(|line| line.starts_with('#'));
                assert!(headings.any(|line| slug(line) == heading), "{page}: {target}");
            }
            links += 1;
        }
    }
    assert!(links > 100, "only {links} were found");
}

/// Each row of the catalogue ends in `file: function`, a test that exists.
#[test]
fn the_edge_cases_name_their_tests() {
    let rows = rows("book/src/design/edge-cases.md", "| ");
    let rows = rows.iter().filter(|cells| cells.last().is_none_or(|last| last != "Test"));
    for cells in rows {
        let [_instance, _result, test] = &cells[..] else {
            panic!("not three cells: {cells:?}");
        };
        for test in codes(test) {
            let (file, function) = test.split_once(": ").unwrap_or_else(|| panic!("{test}"));
            let source = read(file);
            let declarations = [format!("fn {function}("), format!("\n{function}() {{")];
            let is_declared = declarations.iter().any(|one| source.contains(one));
            assert!(is_declared, "{test}: no such function");
        }
        assert!(!codes(test).is_empty(), "no test: {cells:?}");
    }
}

/// Returns the anchor of a heading.
fn slug(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = heading.chars().filter(|char| char.is_alphanumeric() || " -_".contains(*char));
    kept.map(|char| if char == ' ' { '-' } else { char }).collect()
}
