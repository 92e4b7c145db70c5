//! The page that holds the tables.

use crate::common::page;

/// Compares a section of the page about clocks with `text`, or writes it there.
#[track_caller]
pub(super) fn section(name: &str, text: &str) {
    page::section("book/src/concepts/clocks-measured.md", name, text, "clocks");
}
