//! Secrets are replaced wherever a text repeats them, however it spells them.

use std::borrow::Cow;
use std::ops::Range;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use zeroize::Zeroizing;

use super::decode::{Byte, Encoding, decode};
use super::{line, scan, shorten};

/// Texts that must not be shown.
///
/// They are found in the text as it came, and in what it decodes to, up to three times
/// (a JSON string in a page of HTML, for example). White space, characters that are not
/// shown, plus signs (a blank in a form) and the case of letters make no difference.
#[derive(Default)]
pub(crate) struct Secrets {
    spellings: Vec<Zeroizing<Vec<u8>>>,
    /// Too short to be looked for in anything but their very own form.
    short: Vec<Zeroizing<String>>,
}

/// Stands in a secret's place.
const REDACTED: &str = "[redacted]";

/// A secret with fewer bytes would be found everywhere.
const SHORTEST: usize = 4;

/// The encodings of an encoding of an encoding are looked through.
const DECODINGS: u8 = 3;

/// The number of bytes of a longer text that are looked through like that.
const LONG: usize = 16 << 10;

/// The longest spelling of one byte of a secret: `&amp;#x0041;`.
const LARGEST_EXPANSION: usize = 12;

/// An encoding of a secret with fewer bytes would be found everywhere.
const SHORTEST_ENCODED: usize = 8;

impl Secrets {
    /// Adds a secret, and with it lists of its bytes and every base64 text that it is a
    /// part of. An empty one hides nothing.
    pub(crate) fn add(&mut self, secret: &str) {
        let plain = significant_bytes(secret.as_bytes());
        if plain.len() < SHORTEST {
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
        // As PowerShell has it.
        let utf16: Zeroizing<Vec<u8>> =
            secret.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>().into();
        self.add_encoded(&BASE64_STANDARD.encode(&*utf16));
        // Three bytes make four characters, so that what comes before the secret can
        // shift it in three ways. The characters at its ends are its neighbours', too.
        for shift in 0..3 {
            let shifted = Zeroizing::new([&[0; 2][..shift], secret.as_bytes()].concat());
            let whole = 4 * shifted.len() / 3;
            let start = (4 * shift).div_ceil(3);
            for engine in [BASE64_STANDARD, BASE64_URL_SAFE] {
                let encoded = Zeroizing::new(engine.encode(&*shifted));
                self.add_encoded(&encoded[start.min(whole)..whole]);
                // With nothing behind it, the last one is its own.
                self.add_encoded(&encoded[start.min(whole)..]);
            }
        }
    }

    /// Adds a text that is as secret as what it was made of, with and without the
    /// padding of base64.
    pub(crate) fn add_encoded(&mut self, encoded: &str) {
        for text in [encoded, encoded.trim_end_matches('=')] {
            let plain = significant_bytes(text.as_bytes());
            if plain.len() >= SHORTEST_ENCODED && !self.spellings.contains(&plain) {
                self.spellings.push(plain);
            }
        }
    }

    /// One line of at most `limit` characters: secrets replaced, then what steers taken
    /// out, and runs of white space made one blank. Shortened last, so that no part of
    /// a secret is left over.
    pub(crate) fn fit(&self, text: &str, limit: usize) -> String {
        let text = match text.len() > LONG {
            true => Cow::Owned(self.start_of(text)),
            false => Cow::Borrowed(text),
        };
        let shown = joined(&line(&self.redact(&text, DECODINGS)));
        // What was apart may stand together now.
        shorten(self.redact(&shown, DECODINGS), limit)
    }

    /// As much of a long text as may be shown at all, without a part of a secret at its
    /// end: there it may be encoded, and has not been looked for yet.
    fn start_of(&self, text: &str) -> String {
        let mut shown = joined(&line(&self.redact(text, 0)));
        if shown.len() > LONG {
            let longest = self.spellings.iter().map(|it| it.len()).max().unwrap_or_default();
            let end = LONG.saturating_sub(longest * LARGEST_EXPANSION);
            shown.truncate((0..=end).rev().find(|end| shown.is_char_boundary(*end)).unwrap_or(0));
        }
        shown
    }

    /// `text` with every secret in it replaced, also where so many encodings hide it.
    fn redact(&self, text: &str, decodings: u8) -> String {
        let mut ranges = Vec::new();
        for short in &self.short {
            ranges.extend(text.match_indices(short.as_str()).map(|(at, it)| at..at + it.len()));
        }
        if !self.spellings.is_empty() {
            for form in [whole(text), visible(text)] {
                self.find_decoded(&form, decodings, &mut ranges);
            }
        }
        replace(text, ranges)
    }

    /// Looks into `form`, and into what it decodes to when one encoding after the other is
    /// undone, in every order. Nearly all texts hold none.
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
        let form = significant(form);
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

/// Runs of white space made one blank.
fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text as it came.
fn whole(text: &str) -> Vec<Byte> {
    let bytes = text.bytes().enumerate();
    bytes.map(|(at, value)| Byte { value, start: at, end: at + 1 }).collect()
}

/// Without the escape sequences in it, and all else that is not shown.
fn visible(text: &str) -> Vec<Byte> {
    let chars = scan::visible(text).flat_map(|(at, _)| {
        let length = text[at..].chars().next().map_or(0, char::len_utf8);
        at..at + length
    });
    let byte = |at: usize| Byte { value: text.as_bytes()[at], start: at, end: at + 1 };
    chars.map(byte).collect()
}

/// Leaves out what makes no difference.
fn significant(form: &[Byte]) -> Vec<Byte> {
    let values: Vec<u8> = form.iter().map(|byte| byte.value).collect();
    let mut kept = Vec::with_capacity(form.len());
    let mut at = 0;
    for chunk in values.utf8_chunks() {
        for char in chunk.valid().chars() {
            let bytes = &form[at..at + char.len_utf8()];
            at += bytes.len();
            let makes_none = char.is_whitespace() || matches!(char, '+' | scan::REPLACEMENT);
            if !(makes_none || scan::is_hidden(char)) {
                let lower = |byte: &Byte| Byte { value: byte.value.to_ascii_lowercase(), ..*byte };
                kept.extend(bytes.iter().map(lower));
            }
        }
        kept.extend(&form[at..at + chunk.invalid().len()]);
        at += chunk.invalid().len();
    }
    kept
}

/// The bytes as programs print them for people: `2f6f`, `2f:6f`, `2f-6f`, `0x2f, 0x6f`,
/// `0x2f 0x6f`, `47, 111` and `47 111`. White space makes no difference later.
fn as_lists(bytes: &[u8]) -> Vec<Zeroizing<String>> {
    let joined = |by: &str, show: fn(&u8) -> String| {
        let shown: Vec<_> = bytes.iter().map(|byte| Zeroizing::new(show(byte))).collect();
        let parts: Vec<&str> = shown.iter().map(|it| it.as_str()).collect();
        Zeroizing::new(parts.join(by))
    };
    let hex: fn(&u8) -> String = |byte| format!("{byte:02x}");
    let prefixed: fn(&u8) -> String = |byte| format!("0x{byte:02x}");
    let mut lists: Vec<_> = ["", ":", "-"].map(|by| joined(by, hex)).into();
    lists.extend(["", ","].map(|by| joined(by, prefixed)));
    lists.extend(["", ","].map(|by| joined(by, u8::to_string)));
    lists
}

fn significant_bytes(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let form: Vec<_> = text.iter().map(|value| Byte { value: *value, start: 0, end: 0 }).collect();
    significant(&form).iter().map(|byte| byte.value).collect::<Vec<_>>().into()
}

fn replace(text: &str, mut ranges: Vec<Range<usize>>) -> String {
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
