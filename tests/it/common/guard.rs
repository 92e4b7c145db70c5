//! Searches output and files for the client secret and for tokens.

use std::collections::HashSet;
use std::path::Path;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

use super::cloud::{CLIENT, SECRET};

/// A base64url word of this length is taken for a token: the sandbox's tokens have 86
/// characters, and so has the longest part of a JWT. Other words in tests are far shorter.
const TOKEN_LENGTH: usize = 80;

/// Tokens are random: 86 characters of base64url have some 47 different ones, and hardly ever
/// fewer than this. The settings that a browser encodes for its processes repeat a few.
const TOKEN_ALPHABET: usize = 24;

/// Returns every encoding in which the client secret is sent, or in which an issuer may echo
/// it.
pub fn spellings() -> Vec<String> {
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    let form: String = encode(SECRET);
    let pair = |secret: &str| BASE64_STANDARD.encode(format!("{CLIENT}:{secret}"));
    let each = |spell: fn(char) -> String| SECRET.chars().map(spell).collect::<String>();
    let spelt = [
        form.to_lowercase(),
        each(|char| format!("%{:02x}", char as u32)),
        each(|char| format!("&#{};", char as u32)),
        each(|char| format!("&#x{:X};", char as u32)),
        each(|char| format!("\\u{:04x}", char as u32)),
        each(|char| format!("{:02x}", char as u32)),
        SECRET.replace('/', "&sol;").replace('+', "&plus;").replace(':', "&colon;"),
        SECRET.replace('/', "\\/"),
        SECRET.replace(' ', "  "),
        SECRET.replace(' ', "\u{a0}"),
        SECRET.replace('s', "s\u{200b}"),
        SECRET.replace('s', "s\u{ad}"),
        BASE64_STANDARD.encode(SECRET),
        BASE64_STANDARD_NO_PAD.encode(&form),
        BASE64_URL_SAFE_NO_PAD.encode(SECRET),
        BASE64_URL_SAFE_NO_PAD.encode(format!("{CLIENT}:{SECRET}")),
    ];
    [SECRET.to_owned(), pair(SECRET), pair(&form), form].into_iter().chain(spelt).collect()
}

/// Panics if `bytes` contain the client secret, with or without white space in it.
pub fn holds_no_secret(bytes: &[u8], place: &str) {
    let joined = |text: &str| {
        let shown = |char: &char| !char.is_whitespace() && !"\u{200b}\u{ad}".contains(*char);
        text.chars().filter(shown).collect::<String>()
    };
    let text = joined(&String::from_utf8_lossy(bytes));
    for secret in spellings() {
        assert!(
            !contains(bytes, secret.as_bytes()) && !text.contains(&joined(&secret)),
            "{place} holds the client secret, as {secret:?}: {}",
            String::from_utf8_lossy(bytes)
        );
    }
}

/// Panics if `bytes` contain a word as long and as random as a token.
pub fn holds_no_token(bytes: &[u8], place: &str) {
    let base64url = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    let words = bytes.split(|byte| !base64url(byte));
    let is_random = |word: &[u8]| word.iter().collect::<HashSet<_>>().len() >= TOKEN_ALPHABET;
    let is_token = |word: &&[u8]| word.len() >= TOKEN_LENGTH && is_random(word);
    if let Some(word) = words.into_iter().find(is_token) {
        let word = String::from_utf8_lossy(word);
        panic!("{place} holds the token {word}: {}", String::from_utf8_lossy(bytes));
    }
}

/// Panics if a file below `dir` contains a secret or a token. Returns the number of files.
pub fn holds_nothing_below(dir: &Path) -> usize {
    let mut searched = 0;
    let Ok(entries) = std::fs::read_dir(dir) else {
        return 0;
    };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            searched += holds_nothing_below(&path);
            continue;
        }
        let place = path.display().to_string();
        let bytes = std::fs::read(&path).unwrap();
        holds_no_secret(&bytes, &place);
        holds_no_token(&bytes, &place);
        searched += 1;
    }
    searched
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
