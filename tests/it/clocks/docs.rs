//! The page that holds the tables.

use std::path::Path;
use std::sync::Mutex;

use gc_token::context::Environment;

/// One test writes at a time.
static WRITING: Mutex<()> = Mutex::new(());

/// Compares a section of `book/src/concepts/clocks-measured.md` with `text`, or writes it there.
pub(super) fn section(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("book/src/concepts/clocks-measured.md");
    let writing = WRITING.lock().unwrap();
    let page = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->\n"));
    let from = page.find(&begin).expect("the section begins") + begin.len();
    let to = from + page[from..].find(&end).expect("the section ends");
    if Environment::Process.os("GC_TOKEN_WRITE_DOCS").is_some() {
        std::fs::write(&path, [&page[..from], text, &page[to..]].concat()).unwrap();
        return;
    }
    drop(writing);
    let differs = page[from..to].lines().zip(text.lines()).find(|(a, b)| a != b);
    assert!(
        page[from..to] == *text,
        "book/src/concepts/clocks-measured.md is not what was found: {differs:?}; look at the difference after \
         GC_TOKEN_WRITE_DOCS=1 cargo test --test it clocks"
    );
}
