//! The guard: no secret shows where it must not.

use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::cloud::{CLIENT, SECRET};

/// The sandbox's tokens have 86 characters of base64url, and so has the
/// longest part of a JWT or more. Nothing else in a test comes near.
const TOKEN_LENGTH: usize = 80;

/// Every form in which the client secret travels.
pub fn spellings() -> Vec<String> {
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    let form: String = encode(SECRET);
    let pair = |secret: &str| BASE64_STANDARD.encode(format!("{CLIENT}:{secret}"));
    vec![SECRET.to_owned(), pair(SECRET), pair(&form), form]
}

/// Panics when `bytes` hold the client secret.
pub fn holds_no_secret(bytes: &[u8], place: &str) {
    for secret in spellings() {
        assert!(
            !contains(bytes, secret.as_bytes()),
            "{place} holds the client secret, as {secret:?}: {}",
            String::from_utf8_lossy(bytes)
        );
    }
}

/// Panics when `bytes` hold what looks like a token.
pub fn holds_no_token(bytes: &[u8], place: &str) {
    let base64url = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    let words = bytes.split(|byte| !base64url(byte));
    if let Some(word) = words.into_iter().find(|word| word.len() >= TOKEN_LENGTH) {
        let word = String::from_utf8_lossy(word);
        panic!("{place} holds the token {word}: {}", String::from_utf8_lossy(bytes));
    }
}

/// Panics when a file below `dir` holds a secret or what looks like a token.
/// Returns how many files were searched.
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
