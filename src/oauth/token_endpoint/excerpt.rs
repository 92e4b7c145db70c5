//! Describes a body that is not a JSON object, without showing a token that it may contain:
//! only the beginning of a sentence or a page, without words that are as long as a token.

use serde_json::Value;

use crate::sanitize::{Secrets, shorten};

const MAX_EXCERPT: usize = 60;

/// Returns a suffix for "... that are not a JSON object".
pub(super) fn describe(body: &[u8], error: &serde_json::Error, secrets: &Secrets) -> String {
    let text = String::from_utf8_lossy(body);
    let start = text.trim_start();
    if start.starts_with(['{', '[', '"']) {
        return match serde_json::from_str::<Value>(start) {
            Ok(Value::Array(_)) => " but a JSON array".to_owned(),
            Ok(Value::String(_)) => " but a JSON string".to_owned(),
            _ => format!(": not JSON at line {}, column {}", error.line(), error.column()),
        };
    }
    let lower = text.to_ascii_lowercase();
    if lower.contains("access_token=") {
        return " but a form".to_owned();
    }
    if lower.contains("_token") || text.contains('\0') {
        return String::new();
    }
    // Before the tags are removed: a secret may read as markup.
    let text = secrets.redacted_line(&text, usize::MAX);
    let (introduction, excerpt) = match title(&text) {
        Some(title) => ("titled", title.to_owned()),
        None if text.starts_with('<') => ("which say", without_tags(&text)),
        None => ("which say", text),
    };
    // A lone word may be a token.
    let shown: Vec<_> = excerpt.split_whitespace().map(redact_long_runs).collect();
    match shown.len() {
        0 => String::new(),
        1 if introduction != "titled" => String::new(),
        _ => format!(", {introduction} {:?}", shorten(shown.join(" "), MAX_EXCERPT)),
    }
}

fn title(text: &str) -> Option<&str> {
    // Lower case of ASCII letters leaves all positions the same.
    let lower = text.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    Some(text[start..end].trim()).filter(|title| !title.is_empty())
}

fn without_tags(page: &str) -> String {
    let mut text = String::new();
    for part in page.split('<').skip(1) {
        let Some((tag, after)) = part.split_once('>') else {
            continue;
        };
        let name = tag.trim_start().to_ascii_lowercase();
        if !(name.starts_with("style") || name.starts_with("script")) {
            text.push(' ');
            text.push_str(after);
        }
    }
    text
}

/// A longer run of token characters may be a token.
const MAX_RUN: usize = 16;

pub(super) fn redact_long_runs(word: &str) -> String {
    let is_token_char = |char: char| char.is_ascii_alphanumeric() || "-._~+/=%".contains(char);
    let mut shown = String::new();
    for part in word.split_inclusive(|char| !is_token_char(char)) {
        let run = part.trim_end_matches(|char| !is_token_char(char));
        shown.push_str(if run.len() > MAX_RUN { "[...]" } else { run });
        shown.push_str(&part[run.len()..]);
    }
    shown
}
