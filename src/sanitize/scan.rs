//! Separates visible characters from control sequences and invisible characters.

use std::iter::Peekable;
use std::str::CharIndices;

/// Iterates over the visible characters and white space, with their offsets. Skips escape
/// sequences (ECMA-48) and hidden characters, and replaces other control characters by
/// [`REPLACEMENT`].
pub(super) fn visible_chars(text: &str) -> impl Iterator<Item = (usize, char)> + '_ {
    VisibleChars { text, chars: text.char_indices().peekable(), unterminated: false }
}

/// Returns whether a character is a control character, changes the direction of writing, or has
/// no glyph (Unicode's `Default_Ignorable_Code_Point` and similar). White space is visible.
///
/// .NET ignores these in comparisons, so agents built on it recognize a command with one of
/// them inside.
pub(super) fn is_hidden(char: char) -> bool {
    if char.is_ascii() || char.is_whitespace() {
        return char.is_control() && !char.is_whitespace();
    }
    char.is_control()
        || matches!(char,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
            | '\u{890}' | '\u{891}' | '\u{8e2}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

pub(super) const REPLACEMENT: char = '\u{fffd}';

struct VisibleChars<'a> {
    text: &'a str,
    chars: Peekable<CharIndices<'a>>,
    /// No control string in the rest of the text has an end.
    unterminated: bool,
}

impl Iterator for VisibleChars<'_> {
    type Item = (usize, char);

    fn next(&mut self) -> Option<(usize, char)> {
        loop {
            let (at, char) = self.chars.next()?;
            match char {
                '\u{1b}' => self.skip_sequence(),
                '\u{9b}' => self.skip_control_sequence(),
                '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}' => self.skip_string(),
                _ if char.is_control() && !char.is_whitespace() => return Some((at, REPLACEMENT)),
                _ if is_hidden(char) => {}
                _ => return Some((at, char)),
            }
        }
    }
}

impl VisibleChars<'_> {
    fn skip_sequence(&mut self) {
        let introducer = self.chars.next_if(|(_, next)| matches!(next, ' '..='~'));
        match introducer.map(|(_, char)| char) {
            Some('[') => self.skip_control_sequence(),
            Some(']' | 'P' | 'X' | '^' | '_') => self.skip_string(),
            Some(' '..='/') => {
                while self.chars.next_if(|(_, next)| matches!(next, ' '..='/')).is_some() {}
                self.chars.next_if(|(_, next)| matches!(next, '0'..='~'));
            }
            _ => {}
        }
    }

    fn skip_control_sequence(&mut self) {
        while self.chars.next_if(|(_, next)| matches!(next, ' '..='?')).is_some() {}
        self.chars.next_if(|(_, next)| matches!(next, '@'..='~'));
    }

    /// Skips a control string up to BEL, ST, or ESC with a backslash. Without such an end, the
    /// text is shown.
    fn skip_string(&mut self) {
        let Some(start) = self.chars.peek().map(|(at, _)| *at).filter(|_| !self.unterminated)
        else {
            return;
        };
        let rest = &self.text[start..];
        let ends = [rest.find('\u{7}'), rest.find('\u{9c}'), rest.find("\u{1b}\\")];
        let Some(end) = ends.into_iter().flatten().min() else {
            self.unterminated = true;
            return;
        };
        while self.chars.next_if(|(at, _)| *at <= start + end).is_some() {}
        if self.text[start + end..].starts_with('\u{1b}') {
            self.chars.next();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_are_not_steered() {
        for (text, shown) in [
            ("client not found", "client not found"),
            ("\u{1b}[31;1mred\u{1b}[0m", "red"),
            ("\u{9b}2Jgone", "gone"),
            ("a\u{1b}]0;title\u{07}b", "ab"),
            ("a\u{1b}]8;;https://x\u{1b}\\b", "ab"),
            ("a\u{1b}Pq#0\u{9c}b", "ab"),
            ("a\u{1b}]0;no end", "a0;no end"),
            ("a\u{1b}", "a"),
            ("a\u{1b}[", "a"),
            ("a\u{1b}[1\u{e9}", "a\u{e9}"),
            ("a\u{1b}cb", "ab"),
            ("a\u{1b}(Bb", "ab"),
            ("nul\0bel\u{07}del\u{7f}", "nul\u{fffd}bel\u{fffd}del\u{fffd}"),
            ("\u{202e}back\u{feff}", "back"),
            ("s\u{ad}h\u{200b}y\u{2060}", "shy"),
            ("s\u{8e2}h\u{110bd}o\u{13430}w\u{1343f}n\u{890}", "shown"),
            ("c1\u{80}\u{9c}", "c1\u{fffd}\u{fffd}"),
            ("caf\u{e9} \u{1f511}", "caf\u{e9} \u{1f511}"),
        ] {
            let seen: String = visible_chars(text).map(|(_, char)| char).collect();
            assert_eq!(seen, shown, "{text:?}");
        }
    }

    #[test]
    fn many_strings_without_an_end_take_no_time() {
        let text = "\u{1b}]".repeat(1 << 20);
        assert_eq!(visible_chars(&text).count(), 0);
    }
}
