//! `tests/words` finds what it is there to find, and nothing else.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::{missing, program};

/// A source tree with one file for each path; returns the figures that fail, with the
/// places that they name.
fn failures(files: &[(&str, &str)]) -> Option<String> {
    if program("python3").is_none() {
        missing("python3");
        return None;
    }
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join("src").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/words");
    let output = Command::new(script).arg("src").current_dir(root.path()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(printed.matches("tests/words: ").count(), 6, "{printed}");
    let is_met = |line: &&str| line.starts_with("tests/words: ") && !line.ends_with(": FAILED");
    let failed: Vec<_> = printed.lines().filter(|line| !is_met(line)).collect();
    assert_eq!(output.status.success(), failed.is_empty(), "{printed}");
    Some(failed.join("\n"))
}

/// Asserts that one figure fails, and names one place.
fn fails_with(files: &[(&str, &str)], figure: &str, place: &str) {
    let Some(failures) = failures(files) else { return };
    let expected = format!("tests/words: {figure}: FAILED\n    {place}");
    assert_eq!(failures.trim_end(), expected.trim_end());
}

/// Code without a comment, so that a comment or two are few.
fn code(lines: usize) -> String {
    (0..lines).map(|line| format!("const LINE_{line}: u8 = 0;\n")).collect()
}

#[test]
fn a_tree_that_keeps_the_rules_passes() {
    let lib = r##"
        mod cache; mod net; mod platform;
        /// Opens the file. What follows may open with any word.
        /// And so may a second line.
        fn open_file() { let _ = "/// What"; let _ = r#"struct Entry; use crate::cache;"#; }
        // struct Entry; std::os::unix
        fn new() {}
        trait Shape { type Error; }
        impl Shape for u8 { type Error = (); fn fmt() {} fn from() {} fn eq() {} }
        impl Shape for u16 { type Error = (); }
        #[cfg(test)]
        mod tests { struct Entry; /// What
            fn a() { use std::os::unix; } }
        #[cfg(test)]
        mod model;
        #[cfg(fuzzing)]
        fn b() { rustix::fs::open(); }
    "##;
    let files = [
        ("lib.rs", [lib, &code(40)].concat()),
        ("model.rs", "struct Entry; fn c() {} fn d() {} fn e() {}".into()),
        ("model/time.rs", "struct Entry;".into()),
        ("platform.rs", "use std::os::unix::fs; fn lock_file() { rustix::fs::flock(); }".into()),
        // A module may use what it holds, and that what is around it.
        ("cache.rs", "mod entry; use entry::Entry; pub use crate::net::Pool; struct Key;".into()),
        ("cache/entry.rs", "use super::Key; struct Entry;".into()),
        // The cache only passes on what `net` declares itself.
        ("net.rs", "struct Pool;".into()),
        ("net/probe.rs", "use crate::cache::Pool; struct Probe;".into()),
    ];
    let files = files.each_ref().map(|(path, text)| (*path, &text[..]));
    let Some(failures) = failures(&files) else { return };
    assert_eq!(failures, "");
}

#[test]
fn a_riddle_is_found() {
    let text = format!("/// What it is asked for.\nstruct Entry;\n{}", code(40));
    let figure = "100.0 % of 1 doc comments open with a riddle (at most 5)";
    fails_with(&[("lib.rs", &text)], figure, "src/lib.rs:1: What it is asked for.");
}

#[test]
fn many_comments_are_found() {
    let text = "/// An entry.\nstruct Entry;\n".to_owned() + &code(9);
    let figure = "10.0 doc comments in 100 of 10 lines (at most 6)";
    fails_with(&[("lib.rs", &text)], figure, "");
}

#[test]
fn a_name_of_two_types_is_found() {
    let files = [("cache.rs", "struct Entry;"), ("net.rs", "pub(crate) enum Entry {}")];
    let figure = "1 of 1 names stand for two types (none may)";
    fails_with(&files, figure, "Entry: src/cache.rs:1, src/net.rs:1");
}

#[test]
fn names_of_one_word_are_found() {
    let text = "fn take() {}\nfn read_all() {}\nasync fn turn() {}";
    let figure = "66.7 % of 3 functions have a name of one word (at most 50)";
    fails_with(&[("lib.rs", text)], figure, "src/lib.rs:1: take\n    src/lib.rs:3: turn");
}

#[test]
fn a_system_outside_its_room_is_found() {
    let uses = [
        ("use std::os::unix::fs::PermissionsExt;", "os::unix"),
        ("#[cfg(unix)]\nfn is_locked() {}", "cfg(unix"),
        ("#[cfg(not(target_os = \"linux\"))]\nfn is_locked() {}", "cfg(not(target_os"),
        ("fn is_locked() -> bool { cfg!(windows) }", "cfg!(windows"),
        ("fn is_locked() { rustix::fs::flock() }", "rustix::"),
    ];
    for (text, place) in uses {
        let place = format!("src/cache.rs:1: {place}");
        fails_with(
            &[("cache.rs", text)],
            "1 uses of one system outside src/platform (none may be)",
            &place,
        );
    }
}

#[test]
fn modules_that_import_each_other_are_found() {
    let figure = "1 pairs of modules import each other (none may)";
    let files = [
        ("cache/key.rs", "use super::entry::{self, Entry};\nstruct Key;"),
        ("cache/entry.rs", "struct Entry;\nfn key_of() { crate::cache::key::Key }"),
    ];
    fails_with(&files, figure, "src/cache/entry.rs and src/cache/key.rs");
    // Not the same files, but the same areas.
    let files = [
        ("cache/key.rs", "use crate::net::pool::Pool;"),
        ("net/probe.rs", "use crate::{cache::{entry::Entry}, token};"),
        ("cache/entry.rs", "struct Entry;"),
        ("net/pool.rs", "struct Pool;"),
    ];
    fails_with(&files, figure, "cache and net, as a whole");
}
