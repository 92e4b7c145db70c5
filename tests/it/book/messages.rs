//! Troubleshooting: its headings are messages of the program, and the program's messages
//! are among its headings.
//!
//! A heading such as `` ### `cannot write ...` `` quotes messages, with `...` for what
//! differs from case to case.

use std::collections::BTreeSet;
use std::fs;

use crate::common::page::{self, read, root};
use crate::readme::codes;

const PAGES: &str = "book/src/troubleshooting/";

#[test]
fn each_heading_is_a_message_of_the_program() {
    let literals: Vec<_> = literals().into_iter().map(|literal| literal.text).collect();
    let unknown: Vec<_> = headings()
        .into_iter()
        .filter(|heading| !literals.iter().any(|literal| quotes(heading, literal)))
        .collect();
    assert_eq!(unknown, [""; 0], "no message in src reads like this");
}

#[test]
fn each_error_and_warning_has_a_heading() {
    let headings = headings();
    let missing: BTreeSet<_> = literals()
        .into_iter()
        .filter(|literal| literal.is_message && says_something(&literal.text))
        .filter(|literal| !headings.iter().any(|heading| quotes(heading, &literal.text)))
        .map(|literal| format!("{}: {}", literal.file, literal.text))
        .collect();
    assert!(missing.is_empty(), "no heading in {PAGES}: {missing:#?}");
}

/// Returns whether a message says something by itself, without what is put into it.
fn says_something(message: &str) -> bool {
    message.split_whitespace().filter(|word| !word.contains("...")).count() > 2
}

/// The messages that headings quote.
fn headings() -> Vec<String> {
    let pages = page::all().into_iter().filter(|page| page.starts_with(PAGES));
    let mut found = Vec::new();
    for page in pages {
        let text = read(&page);
        let headings = text.lines().filter(|line| line.starts_with("##"));
        found.extend(headings.flat_map(codes).map(str::to_owned));
    }
    assert!(found.len() > 50, "only {} were found", found.len());
    found
}

/// Returns whether a heading quotes a message. Both have parts that stand for anything.
fn quotes(heading: &str, message: &str) -> bool {
    let mut rest = message;
    let parts = heading.split("...").map(str::trim).filter(|part| !part.is_empty());
    for part in parts {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    true
}

/// A string literal of the program, with `...` in place of what is formatted.
struct Literal {
    file: String,
    text: String,
    /// The literal is the first line of an error, or a warning.
    is_message: bool,
}

/// Code before a literal that is the first line of an error, or a warning.
const BEFORE_MESSAGE: [&str; 6] = [
    "Error::new(Kind::",
    "StoreFault::",
    ".refused(",
    ".warn(",
    "Level::Warning,",
    "let message =",
];

fn literals() -> Vec<Literal> {
    let mut found = Vec::new();
    for path in page::files(&["src"]) {
        let file = path.strip_prefix(root()).unwrap().display().to_string();
        if file.contains("tests")
            || file.contains("/model")
            || file.contains("/fleet")
            || file.contains("/demo")
        {
            continue;
        }
        let source = fs::read_to_string(&path).unwrap();
        let source = source.split("#[cfg(test)]\nmod ").next().unwrap();
        scan(source, |before, text| {
            let before: String = before.split_whitespace().collect::<Vec<_>>().join(" ");
            let is_message = BEFORE_MESSAGE.iter().any(|call| {
                // What `doctor` finds is explained in its report.
                let is_finding = file.starts_with("src/doctor")
                    && (call.starts_with("let") || call.starts_with("StoreFault"));
                !is_finding
                    && before.rfind(call).is_some_and(|at| {
                        let between = &before[at + call.len()..];
                        // Nothing but a kind and the macro that formats.
                        !between.contains(['"', ';', ')', '|'])
                    })
            });
            found.push(Literal { file: file.clone(), text, is_message });
        });
    }
    found
}

/// Calls `found` for each string literal, with the source before it.
fn scan(source: &str, mut found: impl FnMut(&str, String)) {
    let mut rest = source;
    while let Some(at) = rest.find(['"', '/', '\'']) {
        let start = source.len() - rest.len() + at;
        let tail = &rest[at..];
        if tail.starts_with("//") {
            rest = tail.split_once('\n').map_or("", |(_, rest)| rest);
        } else if tail.starts_with("'\"'") || tail.starts_with("'\\") {
            rest = &tail[tail[2..].find('\'').map_or(1, |end| end + 3)..];
        } else if let Some(body) = tail.strip_prefix('"') {
            let end = end_of_literal(body);
            let mut begins = start.saturating_sub(120)..=start;
            let begin = begins.find(|at| source.is_char_boundary(*at)).unwrap();
            found(&source[begin..start], formatted(&body[..end]));
            rest = &body[end + 1..];
        } else {
            rest = &tail[1..];
        }
    }
}

fn end_of_literal(body: &str) -> usize {
    let mut escaped = false;
    body.find(|char| {
        let ends = char == '"' && !escaped;
        escaped = char == '\\' && !escaped;
        ends
    })
    .unwrap_or(body.len() - 1)
}

/// The literal's text in one line, with `...` for each placeholder.
fn formatted(body: &str) -> String {
    let mut text = String::new();
    let mut chars = body.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\\' => match chars.next() {
                // A line that goes on in the next one.
                Some('\n') => while chars.next_if(|char| char.is_whitespace()).is_some() {},
                Some('n') => text.push(' '),
                Some(char) => text.push(char),
                None => {}
            },
            '{' if chars.next_if_eq(&'{').is_some() => text.push('{'),
            '}' if chars.next_if_eq(&'}').is_some() => text.push('}'),
            '{' => {
                while chars.next().is_some_and(|char| char != '}') {}
                text.push_str("...");
            }
            char => text.push(char),
        }
    }
    text
}
