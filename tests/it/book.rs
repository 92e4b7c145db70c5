//! The book: it builds, every page is in its table of contents, what it says of the
//! program's interface is generated from the program, and each heading of its
//! troubleshooting is a message of the program.

mod generated;
mod messages;
mod registry;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use gc_token::internals::context::Environment;

use crate::common::page::{self, read, root};
use crate::common::{missing, program};

/// mdbook leaves out a page that its table of contents does not name, without a word.
#[test]
fn every_page_is_in_the_table_of_contents() {
    let summary = read("book/src/SUMMARY.md");
    let pages = page::all().into_iter().filter_map(|page| {
        page.strip_prefix("book/src/").filter(|page| *page != "SUMMARY.md").map(str::to_owned)
    });
    let mut count = 0;
    for page in pages {
        let times = summary.matches(&format!("({page})")).count();
        assert_eq!(times, 1, "{page} is {times} times in SUMMARY.md");
        count += 1;
    }
    assert_eq!(summary.matches(".md)").count(), count, "SUMMARY.md names what is not there");
}

#[test]
fn mdbook_builds_it_without_a_warning() {
    let Some(mdbook) = mdbook() else {
        return missing("mdbook (tests/run has it, or GC_TOKEN_TEST_MDBOOK)");
    };
    let pages = tempfile::tempdir().unwrap();
    let mut build = Command::new(mdbook);
    build.arg("build").arg("--dest-dir").arg(pages.path()).arg(root().join("book"));
    let ended = build.output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{said}");
    assert!(!said.contains("WARN") && !said.contains("ERROR"), "{said}");
    let github = fs::read_to_string(pages.path().join("guides/ci/github.html")).unwrap();
    assert!(github.contains("upload-artifact"), "the recipe is not included");
    assert!(pages.path().join("troubleshooting/index.html").exists());
}

/// Finds mdbook: in the variable, where `tests/run` installs it, or on the PATH.
fn mdbook() -> Option<PathBuf> {
    let named = Environment::of_process().os("GC_TOKEN_TEST_MDBOOK").map(PathBuf::from);
    let installed = root().join("target/tools/mdbook/bin/mdbook");
    named.or_else(|| installed.exists().then_some(installed)).or_else(|| program("mdbook"))
}
