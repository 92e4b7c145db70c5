//! Decides how much of a value a message may show: users put secrets where names belong, and
//! passwords into URLs.

use url::{Position, Url};

use super::is_uuid;

pub const HIDDEN: &str = "(not shown: it may be a secret)";

/// Quotes and escapes a value for a message. Strips user, query and fragment from a URL, and
/// hides a value that may be a secret.
pub fn quoted(value: &str) -> String {
    match shown(value) {
        Some(shown) => format!("{shown:?}"),
        None => format!("the value {HIDDEN}"),
    }
}

/// Like [`quoted`], without quotes and escapes.
pub fn plain(value: &str) -> String {
    shown(value).unwrap_or_else(|| HIDDEN.to_owned())
}

/// Names a missing file. The name is hidden unless it looks like one: users often give the
/// secret in place of the file that holds it.
pub fn missing_file(name: &str) -> String {
    let plain =
        |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '_' | '-' | '/' | '~');
    let is_word = name.len() <= 24
        && name.chars().all(|char| char.is_ascii_lowercase() || "._-".contains(char));
    let is_path = name.contains(['.', '/']) && name.chars().all(plain);
    // A secret may contain the separators of a path, but hardly begins with one.
    let is_led = ["/", "./", "../", "~/"].iter().any(|lead| name.starts_with(lead));
    let looks_random =
        looks_like_secret(name) || !is_led && looks_like_secret(&name.replace(['.', '/', '~'], ""));
    if (is_word || is_path) && !looks_random && !is_uuid(name) {
        format!("the file {name:?}")
    } else {
        format!("a file whose name is {HIDDEN}")
    }
}

/// Returns an unexpected word of a command line if it looks like a misspelled name;
/// otherwise it may be a secret.
pub fn word(word: &str) -> &str {
    let is_flag = word.starts_with('-');
    let word_part = word.split('=').next().unwrap_or(word);
    let candidate = if is_flag { word_part } else { word };
    let fits = |char: char| {
        char.is_ascii_lowercase()
            || matches!(char, '-' | '_')
            || is_flag && char.is_ascii_alphanumeric()
    };
    let is_name =
        candidate.len() <= 40 && candidate.chars().all(fits) && !looks_like_secret(candidate);
    if is_name { candidate } else { HIDDEN }
}

fn shown(value: &str) -> Option<String> {
    if value.contains("://") || value.contains('@') {
        return Some(shortened(&url(value)));
    }
    (!looks_like_secret(value)).then(|| shortened(value))
}

/// Far above the length of any region, URL or duration. A whole file in place of one would
/// bury the message.
const MAX_CHARS: usize = 200;

fn shortened(value: &str) -> String {
    let length = value.chars().count();
    if length <= MAX_CHARS {
        return value.to_owned();
    }
    let start: String = value.chars().take(MAX_CHARS / 4).collect();
    format!("{start}... ({length} characters)")
}

/// Strips user, query and fragment from a URL.
pub fn url(value: &str) -> String {
    if !value.contains("://") && !value.contains('@') {
        return value.to_owned();
    }
    let (scheme, rest) =
        value.split_once("://").map_or(("", value), |(scheme, rest)| (scheme, rest));
    let scheme = if scheme.is_empty() { String::new() } else { format!("{scheme}://") };
    // A password that is not encoded may contain the characters that end a host.
    if let Some((before, host)) = rest.rsplit_once('@') {
        if before.contains(['?', '#']) {
            return format!("{scheme}...");
        }
        let host = host.split(['/', '?', '#']).next().unwrap_or_default();
        return format!("{scheme}...@{host}");
    }
    match Url::parse(value) {
        Ok(url) if url.query().is_some() => format!("{}?...", &url[..Position::AfterPath]),
        Ok(url) if url.fragment().is_some() => format!("{}#...", &url[..Position::AfterPath]),
        Ok(_) => value.to_owned(),
        Err(_) if rest.is_empty() => value.to_owned(),
        Err(_) => format!("{scheme}..."),
    }
}

/// Shows host and port of a URL from a variable. Hides a single label that looks like a
/// secret: the value was not a URL.
pub fn authority(authority: &str) -> &str {
    let is_one_label = !authority.contains('.');
    if is_one_label && looks_like_secret(authority) { HIDDEN } else { authority }
}

/// Returns whether a value looks random: a long run of letters and digits, without the dots
/// and slashes of names. UUIDs do not count: client ids are UUIDs.
pub fn looks_like_secret(value: &str) -> bool {
    if is_uuid(value) {
        return false;
    }
    let joins = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '+' | '=');
    value.split(|char| !joins(char)).any(|run| {
        let has = |kind: fn(&char) -> bool| run.chars().any(|char| kind(&char));
        let digits = has(char::is_ascii_digit);
        let (lower, upper) = (has(char::is_ascii_lowercase), has(char::is_ascii_uppercase));
        run.len() >= 16 && digits && lower && upper || run.len() >= 32 && digits && (lower || upper)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "pV0wq7Yd2sK1mZ8xT4uJ6nB9cF3hG5rL0aE_iO-yQwX";

    const UUID: &str = "3e1dba42-fbd1-4a54-a8ac-f23a8a2a5a3c";

    #[test]
    fn names_are_shown_and_secrets_are_not() {
        for value in [
            "eu-west-1",
            "mypurecloud.com.au",
            "5 parsecs",
            "99999999999999999999s",
            "[::1]:8080",
            "prod-2026-europe",
            "/tmp/.tmpAbC123/config.toml",
            "/etc/ssl/certs/ca-certificates.crt",
            "\u{1b}[31mred",
            "",
        ] {
            assert_eq!(quoted(value), format!("{value:?}"));
            assert_eq!(plain(value), value);
        }
        for value in [SECRET, "0123456789abcdef0123456789abcdef"] {
            assert_eq!(plain(value), HIDDEN);
            assert!(!quoted(&format!("a/{value}")).contains(value));
        }
        assert!(quoted(UUID).contains(UUID));
        assert!(!missing_file(UUID).contains(UUID));
    }

    #[test]
    fn of_a_long_value_the_beginning_is_shown() {
        for long in ["ab ".repeat(2_000), format!("https://{}", "a.".repeat(3_000))] {
            let shown = plain(&long);
            assert!(shown.len() < 100 && shown.contains("... (60"), "{shown}");
        }
    }

    #[test]
    fn a_url_is_shown_without_user_query_and_fragment() {
        for (value, is) in [
            ("https://login.example/x", "https://login.example/x"),
            ("HTTPS://login.example", "HTTPS://login.example"),
            ("https://login.example/x?key=hunter2", "https://login.example/x?..."),
            ("https://login.example/#hunter2", "https://login.example/#..."),
            ("https://id:hunter2@login.example", "https://...@login.example"),
            ("https://id:hun/ter2@login.example/x?y", "https://...@login.example"),
            ("https://login.example/?to=me@hunter2/x", "https://..."),
            ("https://id:hun?ter2@login.example", "https://..."),
            ("id:hunter2@login.example", "...@login.example"),
            ("https://hunter 2", "https://..."),
            ("https://", "https://"),
        ] {
            assert_eq!(url(value), is);
            assert_eq!(plain(value), is);
        }
    }

    #[test]
    fn a_missing_file_is_shown_when_it_has_the_name_of_one() {
        for name in [
            "nope",
            "/run/secrets/genesys",
            "secret.txt",
            "./a-b_c",
            "/none",
            "secrets/2026/genesys.txt",
            "/home/Anna/2026/genesys-secret.txt",
        ] {
            assert_eq!(missing_file(name), format!("the file {name:?}"));
        }
        for name in [
            SECRET,
            "hunter2",
            "the-cl1ent/s3cret of:the+test",
            "S3cret!",
            "CorrectHorse",
            "p/w+x==",
            // As AWS and Microsoft Entra ID make them.
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "Abc8Q~x.y_z-1234567890abcdefghijklmnop",
        ] {
            assert!(!missing_file(name).contains(name), "{name}");
        }
    }

    #[test]
    fn a_word_is_shown_when_it_looks_like_a_misspelled_name() {
        for name in ["nonsense", "gte", "--client-secret", "-X", "--no_cache", "-"] {
            assert_eq!(word(name), name);
        }
        assert_eq!(word("--secret=hunter2"), "--secret");
        for name in [SECRET, "hunter2", "S3cret", "a b", "\u{1b}[31m", "https://id:hunter2@x"] {
            assert_eq!(word(name), HIDDEN);
        }
    }
}
