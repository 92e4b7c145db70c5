//! Sanitizes foreign text for display: from the network, from files that others can write to,
//! and from names and values that people give.
//!
//! First [`Secrets`] are redacted in the original text, in every encoding in which an issuer may
//! repeat them. Then everything is removed that controls a terminal or a CI system instead of
//! being displayed: escape sequences, control characters, marks that change the direction of
//! writing, characters without a glyph, and commands that CI systems execute when they are in a
//! job's log.
//!
//! Every line on standard error passes [`lines`] in `context::reporter`, every report on
//! standard output passes [`line`] or [`json`] where it is rendered, and every diagnostic for
//! Terraform passes the constructors of `terraform::plugin::Diagnostic`. So messages may quote
//! any value unchanged.

mod commands;
mod decode;
mod scan;
mod secrets;

use std::borrow::Cow;
use std::fmt::Write;

use serde::Serialize;

pub(crate) use secrets::Secrets;

/// Returns one line without control sequences; line ends become blanks, and a blank breaks up
/// commands to CI systems.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    if is_plain(text) && !text.contains(['\n', '\t']) {
        return Cow::Borrowed(text);
    }
    let shown =
        scan::visible_chars(text).map(|(_, char)| if char.is_whitespace() { ' ' } else { char });
    Cow::Owned(commands::break_up(&shown.collect::<String>()))
}

/// Applies [`line`] to each line; line ends and tabs are kept.
pub(crate) fn lines(text: &str) -> Cow<'_, str> {
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
    let shown: String = scan::visible_chars(text)
        .map(|(_, char)| match char {
            '\n' | '\t' => char,
            _ if char.is_whitespace() => ' ',
            _ => char,
        })
        .collect();
    let lines: Vec<_> = shown.split('\n').map(|line| commands::break_up(line.trim_end())).collect();
    Cow::Owned(lines.join("\n"))
}

/// Serializes to one line of JSON, with escape sequences for what [`line`] would remove or
/// break up.
pub(crate) fn json(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).unwrap_or_default();
    let mut shown = String::with_capacity(text.len());
    for char in text.chars() {
        // These occur only in strings.
        if scan::is_hidden(char) || (char.is_whitespace() && char != ' ') {
            for unit in char.encode_utf16(&mut [0; 2]) {
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(char);
        }
    }
    commands::escape_in_json(shown)
}

/// Limits `text` to `limit` characters and marks the cut by `...`.
pub(crate) fn shorten(mut text: String, limit: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(limit) {
        text.truncate(end);
        text.push_str("...");
    }
    text
}

fn is_plain(text: &str) -> bool {
    let harmless = |char: char| match char {
        '\n' | '\t' | ' '..='~' => true,
        _ => !char.is_whitespace() && !scan::is_hidden(char),
    };
    text.chars().all(harmless) && text.split('\n').all(|line| !commands::may_contain_command(line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_steers_neither_terminal_nor_ci() {
        for (text, shown) in [
            ("plain  text", "plain  text"),
            ("two\r\nlines", "two  lines"),
            ("a\u{85}b\u{2028}c\u{2029}d", "a b c d"),
            ("\u{9b}31mred", "red"),
            ("\u{e0041}\u{e0042}tag", "tag"),
            ("x ##vso[task.x]y", "x # #vso[task.x]y"),
            ("x #\u{200b}#vso[y]", "x # #vso[y]"),
            ("x #\u{ad}#[error]y", "x # #[error]y"),
            ("x #\u{1b}[0m#[error]y", "x # #[error]y"),
            ("::set-env name=x::y", ": :set-env name=x::y"),
        ] {
            assert_eq!(line(text), shown, "{text:?}");
        }
    }

    #[test]
    fn each_of_several_lines_is_looked_at() {
        assert_eq!(lines("a\n  ::error::b\r\n\tc"), "a\n  : :error::b\n\tc");
        assert_eq!(lines("a\r::error::b"), "a ::error::b");
        let plain = "error: x\n  cause: y\n";
        assert!(matches!(lines(plain), Cow::Borrowed(_)));
    }

    #[test]
    fn json_loses_nothing() {
        let value =
            serde_json::json!({ "a": "##vso[x]\u{9b}\u{202e}\u{e0041}\n### section_start:" });
        let text = json(&value);
        assert_eq!(
            text,
            r##"{"a":"#\u0023vso[x]\u009b\u202e\udb40\udc41\n#\u0023# section_\u0073tart:"}"##
        );
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }

    /// Texts with many characters of the dangerous kinds.
    fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            any::<char>().prop_map(String::from),
            prop::sample::select(vec![
                "#",
                "##",
                "##vso[",
                "##[",
                "::",
                "\n",
                "\r",
                "\u{1b}",
                "[",
                "]",
                "\u{9d}",
                "\u{200b}",
                "\u{ad}",
                "\u{1b}[0m",
                "---",
                "+++ ",
                "section_start:",
                "[command]",
                " ",
            ])
            .prop_map(str::to_owned),
        ];
        prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn whatever_comes_in_is_harmless_and_stays_so(text in hostile()) {
            for shown in [line(&text), lines(&text), json(&text).into()] {
                for line in shown.split('\n') {
                    prop_assert!(!line.contains("##"), "{line:?}");
                    prop_assert!(!line.trim_start().starts_with("::"), "{line:?}");
                    prop_assert!(!line.contains("section_start:"));
                    prop_assert!(!line.chars().any(|char| char != '\t' && char.is_control()));
                }
            }
            prop_assert!(!line(&text).contains('\n'));
            let (one, several) = (line(&text).into_owned(), lines(&text).into_owned());
            prop_assert_eq!(line(&one), &*one);
            prop_assert_eq!(lines(&several), &*several);
            prop_assert_eq!(serde_json::from_str::<String>(&json(&text)).unwrap(), text);
        }
    }
}
