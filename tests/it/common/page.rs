//! The pages for people: which there are, the commands in them that are run, and the
//! sections that tests write.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use gc_token::internals::context::Environment;

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// The text of a page, by its path in the repository.
pub fn read(page: &str) -> String {
    fs::read_to_string(root().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"))
}

/// Lists all Markdown pages, by their paths in the repository.
pub fn all() -> Vec<String> {
    let files = files(&["book/src", "docs", "examples", "terraform-examples"]);
    let top = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<_> = top.chain(files).collect();
    pages.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    let relative = |path: PathBuf| path.strip_prefix(root()).unwrap().display().to_string();
    let mut pages: Vec<_> = pages.into_iter().map(relative).collect();
    pages.sort();
    pages
}

/// Lists all files below directories of the repository.
pub fn files(directories: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut directories: Vec<_> = directories.iter().map(|name| root().join(name)).collect();
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                directories.push(entry.path());
            } else {
                found.push(entry.path());
            }
        }
    }
    found
}

/// The shell blocks that are run: those after a line `<!-- runs -->`.
pub fn commands(text: &str) -> Vec<String> {
    let blocks = text.split("<!-- runs -->\n```sh\n").skip(1);
    let blocks: Vec<_> =
        blocks.map(|rest| rest.split_once("\n```").unwrap().0.to_owned()).collect();
    assert_eq!(blocks.len(), text.matches("<!-- runs -->").count(), "a mark without a block");
    blocks
}

/// Stops what a block has started, should one of its commands fail.
pub const CLEAN_UP: &str = r#"trap 'kill ${gateway:-} ${sandbox:-} 2>/dev/null || :' EXIT"#;

/// Tests write one after the other.
static WRITING: Mutex<()> = Mutex::new(());

/// Compares a section of a page with `text`, or writes it there if GC_TOKEN_WRITE_DOCS is
/// set. `test` is the filter that runs the test.
#[track_caller]
pub fn section(page: &str, name: &str, text: &str, test: &str) {
    let path = root().join(page);
    let writing = WRITING.lock().unwrap();
    let old = fs::read_to_string(&path).unwrap();
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->\n"));
    let from = old.find(&begin).expect("the section begins") + begin.len();
    let to = from + old[from..].find(&end).expect("the section ends");
    if Environment::of_process().os("GC_TOKEN_WRITE_DOCS").is_some() {
        fs::write(&path, [&old[..from], text, &old[to..]].concat()).unwrap();
        return;
    }
    drop(writing);
    let differs = old[from..to].lines().zip(text.lines()).find(|(old, new)| old != new);
    assert!(
        old[from..to] == *text,
        "{page} is not what was found: {differs:?}; look at the difference after \
         GC_TOKEN_WRITE_DOCS=1 cargo test --test it {test}"
    );
}
