//! Words that came over the network, made fit to be shown.

use std::borrow::Cow;

/// Texts that must not be shown, in every spelling they travel in.
#[derive(Default)]
pub(super) struct Secrets(Vec<zeroize::Zeroizing<String>>);

impl Secrets {
    /// Adds a spelling. An empty one hides nothing.
    pub(super) fn add(&mut self, spelling: &str) {
        if !spelling.is_empty() {
            self.0.push(spelling.to_owned().into());
        }
    }

    /// `text` with every secret in it replaced.
    fn hide(&self, text: String) -> String {
        self.0.iter().fold(text, |text, secret| match text.contains(secret.as_str()) {
            true => text.replace(secret.as_str(), "[redacted]"),
            false => text,
        })
    }

    /// One line of at most `limit` characters: escape sequences and control
    /// characters taken out, runs of white space made one blank, secrets
    /// replaced. Shortened last, so that no part of a secret is left over.
    pub(super) fn fit(&self, words: &str, limit: usize) -> String {
        let plain = plain(words);
        let line = plain.split_whitespace().collect::<Vec<_>>().join(" ");
        shorten(self.hide(line), limit)
    }
}

/// Cuts `text` to `limit` characters, with a mark where something is missing.
fn shorten(mut text: String, limit: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(limit) {
        text.truncate(end);
        text.push_str("...");
    }
    text
}

/// Takes out what would steer a terminal instead of being shown: escape
/// sequences (ECMA-48), control characters, and marks that turn the direction
/// of writing. White space stays.
fn plain(words: &str) -> Cow<'_, str> {
    if !words.chars().any(steers) {
        return Cow::Borrowed(words);
    }
    let mut shown = String::with_capacity(words.len());
    let mut chars = words.chars().peekable();
    while let Some(char) = chars.next() {
        let introducer = match char {
            '\u{1b}' => chars.next_if(|next| matches!(next, '\u{20}'..='\u{7e}')),
            '\u{9b}' => Some('['),
            '\u{9d}' => Some(']'),
            _ => None,
        };
        match introducer {
            Some('[') => {
                chars.find(|next| matches!(next, '@'..='~'));
            }
            Some(']' | 'P' | 'X' | '^' | '_') => skip_string(&mut chars),
            _ if char.is_whitespace() => shown.push(char),
            _ if steers(char) => (),
            _ => shown.push(char),
        }
    }
    Cow::Owned(shown)
}

/// Skips a control string up to its end: BEL, ST, or ESC with a backslash.
fn skip_string(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while let Some(char) = chars.next() {
        match char {
            '\u{07}' | '\u{9c}' => return,
            '\u{1b}' if chars.next_if_eq(&'\\').is_some() => return,
            _ => (),
        }
    }
}

fn steers(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(words: &str) -> String {
        Secrets::default().fit(words, 40)
    }

    #[test]
    fn terminals_are_not_steered() {
        for (words, shown) in [
            ("client not found", "client not found"),
            ("two\r\n\tlines  ", "two lines"),
            ("\u{1b}[31;1mred\u{1b}[0m", "red"),
            ("\u{9b}2Jgone", "gone"),
            ("a\u{1b}]0;title\u{07}b", "ab"),
            ("a\u{1b}]8;;https://x\u{1b}\\b", "ab"),
            ("a\u{1b}Pq#0\u{9c}b", "ab"),
            ("a\u{1b}", "a"),
            ("a\u{1b}[", "a"),
            ("a\u{1b}cb", "ab"),
            ("nul\0bel\u{07}del\u{7f}", "nulbeldel"),
            ("\u{202e}back\u{feff}", "back"),
            ("caf\u{e9} \u{1f511}", "caf\u{e9} \u{1f511}"),
        ] {
            assert_eq!(fit(words), shown, "{words:?}");
        }
    }

    #[test]
    fn long_words_are_cut_between_characters() {
        assert_eq!(fit(&"\u{e9}".repeat(40)), "\u{e9}".repeat(40));
        assert_eq!(fit(&"\u{e9}".repeat(41)), format!("{}...", "\u{e9}".repeat(40)));
    }

    #[test]
    fn a_secret_is_hidden_before_the_text_is_cut() {
        let mut secrets = Secrets::default();
        secrets.add("");
        secrets.add("s3cret");
        assert_eq!(secrets.fit("no s3cret here", 40), "no [redacted] here");
        assert_eq!(secrets.fit("no s3cret", 6), "no [re...");
        assert_eq!(secrets.fit("s3\u{1b}[0mcret", 40), "[redacted]");
    }
}
