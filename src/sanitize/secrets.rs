//! Redacts secrets in a text, in whatever encoding it repeats them.

use std::borrow::Cow;
use std::ops::Range;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use zeroize::Zeroizing;

use super::decode::{Byte, Encoding, decode};
use super::{line, scan, shorten};

/// Secrets to redact.
///
/// They are found in the original text, and in what it decodes to in up to three steps (a JSON
/// string in an HTML page, for example). White space, invisible characters, plus signs (a blank
/// in a form) and the case of letters are ignored.
#[derive(Default)]
pub(crate) struct Secrets {
    spellings: Vec<Zeroizing<Vec<u8>>>,
    /// Secrets that are too short to search for in encodings.
    short: Vec<Zeroizing<String>>,
}

const REDACTED: &str = "[redacted]";

/// Bytes; an encoding of a shorter secret would match everywhere.
const MIN_SECRET_LEN: usize = 4;

const MAX_DECODINGS: u8 = 3;

/// Bytes of a text that are searched in all encodings.
const MAX_SEARCHED_LEN: usize = 16 << 10;

/// Length of the longest encoding of one byte: `&amp;#x0041;`.
const MAX_EXPANSION: usize = 12;

/// Bytes; a shorter encoding would match everywhere.
const MIN_ENCODED_LEN: usize = 8;

impl Secrets {
    /// Adds a secret with lists of its bytes and with its base64 encodings at every alignment.
    /// An empty secret is ignored.
    pub(crate) fn add(&mut self, secret: &str) {
        let plain = normalized_bytes(secret.as_bytes());
        if plain.len() < MIN_SECRET_LEN {
            if !secret.is_empty() {
                self.short.push(secret.to_owned().into());
            }
            return;
        }
        self.spellings.push(plain);
        for listed in as_lists(secret.as_bytes()) {
            self.add_encoded(&listed);
        }
        let base64 = Zeroizing::new(BASE64_STANDARD.encode(secret));
        self.add_encoded(&BASE64_STANDARD.encode(&*base64));
        // The encoding of PowerShell.
        let utf16: Zeroizing<Vec<u8>> =
            secret.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>().into();
        self.add_encoded(&BASE64_STANDARD.encode(&*utf16));
        // Three bytes make four characters, so text before the secret shifts it in one of three
        // ways. The characters at its ends depend on the neighbouring bytes.
        for shift in 0..3 {
            let shifted = Zeroizing::new([&[0; 2][..shift], secret.as_bytes()].concat());
            let whole = 4 * shifted.len() / 3;
            let start = (4 * shift).div_ceil(3);
            for engine in [BASE64_STANDARD, BASE64_URL_SAFE] {
                let encoded = Zeroizing::new(engine.encode(&*shifted));
                self.add_encoded(&encoded[start.min(whole)..whole]);
                // If nothing follows the secret, the last character is its own.
                self.add_encoded(&encoded[start.min(whole)..]);
            }
        }
    }

    /// Adds an encoding of a secret, with and without base64 padding.
    pub(crate) fn add_encoded(&mut self, encoded: &str) {
        for text in [encoded, encoded.trim_end_matches('=')] {
            let plain = normalized_bytes(text.as_bytes());
            if plain.len() >= MIN_ENCODED_LEN && !self.spellings.contains(&plain) {
                self.spellings.push(plain);
            }
        }
    }

    /// Returns one sanitized line of at most `limit` characters, with secrets redacted and white
    /// space collapsed. It is shortened last, so that no part of a secret remains.
    pub(crate) fn redacted_line(&self, text: &str, limit: usize) -> String {
        let text = if text.len() > MAX_SEARCHED_LEN {
            Cow::Owned(self.truncated(text))
        } else {
            Cow::Borrowed(text)
        };
        let shown = collapse_white_space(&line(&self.redact(&text, MAX_DECODINGS)));
        // Parts of a secret may have become adjacent.
        shorten(self.redact(&shown, MAX_DECODINGS), limit)
    }

    /// Truncates a long text so far that no part of an encoded secret, which was not searched
    /// for yet, remains at its end.
    fn truncated(&self, text: &str) -> String {
        let mut shown = collapse_white_space(&line(&self.redact(text, 0)));
        if shown.len() > MAX_SEARCHED_LEN {
            let longest =
                self.spellings.iter().map(|spelling| spelling.len()).max().unwrap_or_default();
            let end = MAX_SEARCHED_LEN.saturating_sub(longest * MAX_EXPANSION);
            shown.truncate((0..=end).rev().find(|end| shown.is_char_boundary(*end)).unwrap_or(0));
        }
        shown
    }

    fn redact(&self, text: &str, decodings: u8) -> String {
        let mut ranges = Vec::new();
        for short in &self.short {
            ranges
                .extend(text.match_indices(short.as_str()).map(|(at, found)| at..at + found.len()));
        }
        if !self.spellings.is_empty() {
            for form in [all_bytes(text), visible_bytes(text)] {
                self.find_decoded(&form, decodings, &mut ranges);
            }
        }
        redact_ranges(text, ranges)
    }

    /// Searches `form`, and its decodings in every order of encodings.
    fn find_decoded(&self, form: &[Byte], decodings: u8, ranges: &mut Vec<Range<usize>>) {
        self.find(form, ranges);
        if decodings > 0 {
            for encoding in [Encoding::Percent, Encoding::Html, Encoding::Escapes, Encoding::Any] {
                if let Some(decoded) = decode(form, encoding) {
                    self.find_decoded(&decoded, decodings - 1, ranges);
                }
            }
        }
    }

    fn find(&self, form: &[Byte], ranges: &mut Vec<Range<usize>>) {
        let form = normalize(form);
        let values: Zeroizing<Vec<u8>> =
            form.iter().map(|byte| byte.value).collect::<Vec<_>>().into();
        for spelling in &self.spellings {
            let starts = (0..values.len()).filter(|at| values[*at] == spelling[0]);
            for at in starts.filter(|at| values[*at..].starts_with(spelling)) {
                ranges.push(form[at].start..form[at + spelling.len() - 1].end);
            }
        }
    }
}

fn collapse_white_space(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn all_bytes(text: &str) -> Vec<Byte> {
    let bytes = text.bytes().enumerate();
    bytes.map(|(at, value)| Byte { value, start: at, end: at + 1 }).collect()
}

/// Omits escape sequences and hidden characters.
fn visible_bytes(text: &str) -> Vec<Byte> {
    let chars = scan::visible_chars(text).flat_map(|(at, _)| {
        let length = text[at..].chars().next().map_or(0, char::len_utf8);
        at..at + length
    });
    let byte = |at: usize| Byte { value: text.as_bytes()[at], start: at, end: at + 1 };
    chars.map(byte).collect()
}

/// Omits white space, plus signs and hidden characters, and lowers letters.
fn normalize(form: &[Byte]) -> Vec<Byte> {
    let values: Vec<u8> = form.iter().map(|byte| byte.value).collect();
    let mut kept = Vec::with_capacity(form.len());
    let mut at = 0;
    for chunk in values.utf8_chunks() {
        for char in chunk.valid().chars() {
            let bytes = &form[at..at + char.len_utf8()];
            at += bytes.len();
            let is_ignored = char.is_whitespace() || matches!(char, '+' | scan::REPLACEMENT);
            if !(is_ignored || scan::is_hidden(char)) {
                let lower = |byte: &Byte| Byte { value: byte.value.to_ascii_lowercase(), ..*byte };
                kept.extend(bytes.iter().map(lower));
            }
        }
        kept.extend(&form[at..at + chunk.invalid().len()]);
        at += chunk.invalid().len();
    }
    kept
}

/// Returns the notations in which programs print bytes: `2f6f`, `2f:6f`, `2f-6f`, `0x2f, 0x6f`,
/// `0x2f 0x6f`, `47, 111` and `47 111`, all without white space.
fn as_lists(bytes: &[u8]) -> Vec<Zeroizing<String>> {
    let joined = |by: &str, show: fn(&u8) -> String| {
        let shown: Vec<_> = bytes.iter().map(|byte| Zeroizing::new(show(byte))).collect();
        let parts: Vec<&str> = shown.iter().map(|part| part.as_str()).collect();
        Zeroizing::new(parts.join(by))
    };
    let hex: fn(&u8) -> String = |byte| format!("{byte:02x}");
    let prefixed: fn(&u8) -> String = |byte| format!("0x{byte:02x}");
    let mut lists: Vec<_> = ["", ":", "-"].map(|by| joined(by, hex)).into();
    lists.extend(["", ","].map(|by| joined(by, prefixed)));
    lists.extend(["", ","].map(|by| joined(by, u8::to_string)));
    lists
}

fn normalized_bytes(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let form: Vec<_> = text.iter().map(|value| Byte { value: *value, start: 0, end: 0 }).collect();
    normalize(&form).iter().map(|byte| byte.value).collect::<Vec<_>>().into()
}

fn redact_ranges(text: &str, mut ranges: Vec<Range<usize>>) -> String {
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut shown = String::with_capacity(text.len());
    let mut done = 0;
    let mut rest = ranges.into_iter().peekable();
    while let Some(Range { start, mut end }) = rest.next() {
        while let Some(next) = rest.next_if(|next| next.start < end) {
            end = end.max(next.end);
        }
        let start = (done..=start).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(done);
        let end = (end..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
        shown += &text[done..start];
        shown += REDACTED;
        done = end;
    }
    shown + &text[done..]
}

#[cfg(test)]
mod tests;
