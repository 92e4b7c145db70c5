//! Text from users: flags, variables, files, and the output of commands.
//!
//! [`clean`] checks all of it, [`first_line`] checks secrets. [`flaws`] finds visible
//! mistakes in a text, and [`shown`] decides how much of it a message may show.

pub mod flaws;
pub mod shown;

use std::fmt;
use std::path::{Path, PathBuf};

/// `Display` is the end of a sentence about the text, which it does not show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadText {
    NotUtf8,
    /// By its byte order mark, which PowerShell's `>` writes.
    Utf16,
    Control,
}

const LINE_ENDS: [char; 2] = ['\r', '\n'];
const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";
const UTF16_MARKS: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// Strips the UTF-8 byte order mark, which some editors and servers write.
pub fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(UTF8_MARK).unwrap_or(bytes)
}

/// Strips a byte order mark, and the line ends that editors, `echo` and CI forms leave
/// behind.
pub fn trim(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text).trim_end_matches(LINE_ENDS)
}

/// Returns whether [`trim`] would leave nothing.
pub fn is_empty(bytes: &[u8]) -> bool {
    without_bom(bytes).iter().all(|byte| LINE_ENDS.contains(&char::from(*byte)))
}

/// Returns the text in `bytes`, trimmed as by [`trim`].
///
/// # Errors
/// If it is not UTF-8, or contains a control character.
pub fn clean(bytes: &[u8]) -> Result<&str, BadText> {
    one_line(utf8(bytes)?)
}

fn one_line(text: &str) -> Result<&str, BadText> {
    let text = text.trim_end_matches(LINE_ENDS);
    if text.chars().any(char::is_control) {
        return Err(BadText::Control);
    }
    Ok(text)
}

/// Returns the text of a whole file: without a byte order mark, with its line ends.
pub fn utf8(bytes: &[u8]) -> Result<&str, BadText> {
    if UTF16_MARKS.iter().any(|mark| bytes.starts_with(mark)) {
        return Err(BadText::Utf16);
    }
    std::str::from_utf8(without_bom(bytes)).map_err(|_| BadText::NotUtf8)
}

/// Returns the first line, which is the secret in the output of `pass` and similar programs,
/// and whether anything but line ends follows.
///
/// # Errors
/// If that line is not UTF-8, or contains a control character.
pub fn first_line(bytes: &[u8]) -> Result<(&str, bool), BadText> {
    if UTF16_MARKS.iter().any(|mark| bytes.starts_with(mark)) {
        return Err(BadText::Utf16);
    }
    let bytes = without_bom(bytes);
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (line, rest) = bytes.split_at(end);
    let more = rest.iter().any(|byte| !matches!(byte, b'\n' | b'\r'));
    let line = std::str::from_utf8(line).map_err(|_| BadText::NotUtf8)?;
    one_line(line).map(|line| (line, more))
}

/// Replaces `~` and `~/` by the home directory: a shell does not do that in variables,
/// profiles and `--flag=~/x`.
///
/// # Errors
/// Name a visible mistake in the path, as the end of a sentence about it.
pub fn path(text: &str, home: Option<&Path>) -> Result<PathBuf, &'static str> {
    if let Some(flaw) = flaws::of_path(text) {
        return Err(flaw);
    }
    let below_home = match text.strip_prefix('~') {
        Some("") => Some(""),
        Some(rest) => match rest.strip_prefix('/') {
            Some(rest) => Some(rest.trim_start_matches('/')),
            None => return Err("begins with another user's home directory: write that out"),
        },
        None => None,
    };
    match (below_home, home) {
        (None, _) => Ok(PathBuf::from(text)),
        (Some(_), None) => Err("begins with ~, and the user has no home directory"),
        (Some(""), Some(home)) => Ok(home.to_owned()),
        (Some(rest), Some(home)) => Ok(home.join(rest)),
    }
}

/// Returns whether `text` is a UUID (RFC 9562), as Genesys Cloud's client ids are.
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

impl fmt::Display for BadText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BadText::NotUtf8 => "is not UTF-8",
            BadText::Utf16 => "is UTF-16, not UTF-8",
            BadText::Control => "contains a control character",
        })
    }
}

impl std::error::Error for BadText {}

/// Formats `1 token`, `2 tokens`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mark_in_front_and_all_line_ends_behind_are_taken_off() {
        for (bytes, is) in [
            (&b"value"[..], "value"),
            (b"value\n", "value"),
            (b"value\r\n\r\n", "value"),
            (b"\xef\xbb\xbfvalue\r\n", "value"),
            (b"\xef\xbb\xbf\xef\xbb\xbfvalue", "\u{feff}value"),
            (b" value ", " value "),
            (b"\r\n", ""),
        ] {
            assert_eq!(clean(bytes), Ok(is));
        }
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for (bytes, why) in [
            (&b"a\nb"[..], BadText::Control),
            (b"a\tb", BadText::Control),
            (b"a\xc2\x9bb", BadText::Control),
            (b"a\xff", BadText::NotUtf8),
            (b"\xff\xfea\0", BadText::Utf16),
            (b"\xfe\xff\0a", BadText::Utf16),
        ] {
            assert_eq!(clean(bytes), Err(why));
            if !bytes.contains(&b'\n') {
                assert_eq!(first_line(bytes), Err(why));
            }
        }
    }

    #[test]
    fn the_first_line_counts_and_more_is_noticed() {
        for (bytes, line, more) in [
            (&b"one"[..], "one", false),
            (b"one\r\n", "one", false),
            (b"one\n\n", "one", false),
            (b"\xef\xbb\xbfone\r\nlogin: two\r\n", "one", true),
            (b"one\n\xff", "one", true),
            (b"\none", "", true),
            (b"", "", false),
        ] {
            assert_eq!(first_line(bytes), Ok((line, more)));
        }
        assert_eq!(first_line(b"one\rtwo"), Err(BadText::Control));
    }

    #[test]
    fn a_tilde_is_the_home_directory() {
        let home = Some(Path::new("/home/me"));
        for (text, is) in [
            ("~", "/home/me"),
            ("~/", "/home/me"),
            ("~/x", "/home/me/x"),
            ("~//x", "/home/me/x"),
            ("x/~", "x/~"),
            ("./~x", "./~x"),
            ("/a/b", "/a/b"),
        ] {
            assert_eq!(path(text, home), Ok(is.into()), "{text}");
        }
        assert!(path("~", None).is_err() && path("~/x", None).is_err());
        for text in ["~root/x", "$HOME/x", "${HOME}/x"] {
            assert!(path(text, home).is_err(), "{text}");
        }
    }
}
