//! Finds visible mistakes in ids, secrets and paths. The values are never shown.

use super::is_uuid;

/// Names the visible mistakes in credentials, in one line.
pub fn of_credentials(client_id: &str, secret: &str) -> Option<String> {
    let mut seen = Vec::new();
    if is_uuid(secret) && is_genesys_secret(client_id) {
        seen.push(
            "the client id looks like a secret, and the secret like an id: they seem to be swapped"
                .to_owned(),
        );
    } else if client_id == secret {
        seen.push("the client id and the secret are the same".to_owned());
    }
    let parts = [("the client id", client_id), ("the client secret", secret)];
    seen.extend(
        parts.into_iter().filter_map(|(name, value)| Some(format!("{name} {}", of(value)?))),
    );
    (!seen.is_empty()).then(|| seen.join("; "))
}

/// Names the visible mistake in a value, as the end of a sentence about it.
pub fn of(value: &str) -> Option<&'static str> {
    let bare = value.trim();
    if bare.starts_with(QUOTES) || bare.ends_with(QUOTES) {
        return Some(QUOTED);
    }
    if is_placeholder(bare) {
        return Some(PLACEHOLDER);
    }
    if is_reference(bare) {
        return Some("is a reference that was not replaced with its value");
    }
    if bare.len() != value.len() {
        return Some(BLANK);
    }
    if value.chars().any(is_invisible) {
        return Some("contains an invisible character");
    }
    if is_assignment(value) {
        return Some("begins with a name and '=', and not with the value");
    }
    if value.starts_with("-----BEGIN ") {
        return Some("is a key or a certificate in PEM format");
    }
    if value.starts_with(['{', '[']) {
        return Some("begins like JSON");
    }
    let scheme = value.split_once(' ').map(|(scheme, _)| scheme.to_ascii_lowercase());
    if scheme.is_some_and(|scheme| scheme == "basic" || scheme == "bearer") {
        return Some("begins like an Authorization header");
    }
    None
}

/// Names the visible mistake in a path, as the end of a sentence about it. A file may have
/// almost any name, so this finds less than [`of`].
pub fn of_path(path: &str) -> Option<&'static str> {
    if path.starts_with(QUOTES) || path.ends_with(QUOTES) {
        return Some(QUOTED);
    }
    if path.trim().len() != path.len() {
        return Some(BLANK);
    }
    if path.starts_with('<') && path.ends_with('>') || is_ellipsis(path) && path.len() > 2 {
        return Some(PLACEHOLDER);
    }
    if path.contains("://") {
        return Some("is a URL, and not the name of a file");
    }
    let is_template = ["${", "$(", "{{"].iter().any(|mark| path.contains(mark));
    if path.starts_with('$') || is_template || path.split('/').any(is_variable) {
        return Some("contains a variable that was not replaced with its value");
    }
    None
}

/// Returns whether a part of a value, such as the host of a URL, is a variable or a template that
/// was not replaced.
pub fn has_reference(value: &str) -> bool {
    let is_name = |char: char| char.is_ascii_uppercase() || matches!(char, '_' | '{' | '(');
    let mut after_dollars = value.split('$').skip(1);
    after_dollars.any(|rest| rest.starts_with(is_name))
        || value.contains("{{")
        || value.split(['/', ':', '@', '.', '?', '=', '&']).any(is_variable)
}

/// Ends a sentence about a value with [`has_reference`].
pub const HAS_REFERENCE: &str = "contains a reference that was not replaced with its value";

const QUOTED: &str = "begins or ends with a quotation mark, which a .env file or a form has kept";
const BLANK: &str = "begins or ends with a space";
const PLACEHOLDER: &str = "is a placeholder, and not a value";

const QUOTES: [char; 11] = [
    '"', '\'', '`', '\u{201c}', '\u{201d}', '\u{201e}', '\u{2018}', '\u{2019}', '\u{201a}',
    '\u{ab}', '\u{bb}',
];

fn is_placeholder(value: &str) -> bool {
    const WORDS: &[&str] = &[
        "changeme",
        "clientid",
        "clientsecret",
        "dummy",
        "example",
        "insertsecrethere",
        "none",
        "null",
        "placeholder",
        "redacted",
        "replaceme",
        "secret",
        "todo",
        "undefined",
        "xxx",
    ];
    let bracketed = |open: char, close: char| value.starts_with(open) && value.ends_with(close);
    if value.is_empty() {
        return false;
    }
    if bracketed('<', '>') || bracketed('[', ']') && !value.contains('"') {
        return true;
    }
    if is_ellipsis(value) || value.chars().all(|char| matches!(char, '*' | 'x' | 'X' | '\u{2022}'))
    {
        return true;
    }
    let letters = value.chars().filter(char::is_ascii_alphanumeric);
    let word: String = letters.map(|char| char.to_ascii_lowercase()).collect();
    let is_wordlike = value
        .chars()
        .all(|char| char.is_ascii_alphabetic() || matches!(char, '-' | '_' | ' ' | '.'));
    let begins =
        ["your", "my", "insert", "replace", "put"].iter().any(|start| word.starts_with(start));
    is_wordlike
        && (WORDS.contains(&word.as_str())
            || begins && ["secret", "id", "here"].iter().any(|end| word.contains(end)))
}

/// Returns whether another program should have replaced the text: a variable, a template, or
/// the address of a secret in a store.
fn is_reference(value: &str) -> bool {
    const STORES: &[&str] =
        &["op://", "arn:aws:", "vault:", "ref+", "@Microsoft.KeyVault(", "!vault", "secretref:"];
    is_variable(value)
        || value.starts_with("{{") && value.ends_with("}}")
        || STORES.iter().any(|store| value.starts_with(store))
}

/// Covers the notations of POSIX shells and of cmd.
fn is_variable(value: &str) -> bool {
    let name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    value.starts_with("${")
        || value.starts_with("$(")
        || value.strip_prefix('$').is_some_and(name)
        || value.strip_prefix('%').and_then(|rest| rest.strip_suffix('%')).is_some_and(name)
}

fn is_ellipsis(value: &str) -> bool {
    value.chars().all(|char| matches!(char, '.' | '\u{2026}'))
}

/// Returns whether the value is a whole line of a .env file, a form or a profile. A secret
/// may itself end with '='.
fn is_assignment(value: &str) -> bool {
    let value = value.strip_prefix("export ").unwrap_or(value);
    let Some((name, rest)) = value.split_once(['=', ':']) else {
        return false;
    };
    let name = name.trim().to_ascii_lowercase();
    !rest.is_empty()
        && ["secret", "password", "client_id", "clientid", "oauthclient_id"]
            .iter()
            .any(|end| name.ends_with(end))
}

fn is_invisible(char: char) -> bool {
    char.is_whitespace() && char != ' '
        || char.is_control()
        || matches!(char, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Genesys Cloud's client secrets are 32 bytes in base64url.
fn is_genesys_secret(text: &str) -> bool {
    text.len() == 43
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "3e1dba42-fbd1-4a54-a8ac-f23a8a2a5a3c";
    const SECRET: &str = "pV0wq7Yd2sK1mZ8xT4uJ6nB9cF3hG5rL0aE_iO-yQwX";

    #[test]
    fn good_credentials_have_no_flaws() {
        for (id, secret) in [(ID, SECRET), ("the-client", "the-cl1ent/s3cret of:the+test")] {
            assert_eq!(of_credentials(id, secret), None);
        }
        for secret in ["c2VjcmV0==", "$ecret0fMine-1", "mysterious-7-secrets", "a{b}", "x9x", "50%"]
        {
            assert_eq!(of(secret), None, "{secret}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_the_value() {
        let flaw = |secret: &str| {
            let said = of_credentials(ID, secret).unwrap_or_default();
            assert!(secret.len() < 4 || !said.contains(secret), "{said}");
            said
        };
        for (part, secrets) in [
            (
                "quotation mark",
                &[
                    "\"hunter2\"",
                    "'hunter2'",
                    "\u{201c}hunter2\u{201d}",
                    "\"hunter2",
                    " \"hunter2\" ",
                ][..],
            ),
            ("space", &[" hunter2", "hunter2 ", "hunter2\u{a0}"]),
            (
                "placeholder",
                &[
                    "...",
                    "\u{2026}",
                    "****",
                    "xxxxxxxx",
                    "<secret>",
                    "[secret]",
                    "changeme",
                    "CHANGE_ME",
                    "your-client-secret",
                    "YOUR_SECRET_HERE",
                    "your client secret",
                    "null",
                    "todo",
                ],
            ),
            (
                "reference",
                &[
                    "${SECRET}",
                    "$(cat secret)",
                    "$SECRET",
                    "%SECRET%",
                    "{{ secret }}",
                    "${{ secrets.X }}",
                    "op://vault/item/field",
                    "arn:aws:secretsmanager:eu-west-1:1:secret:x",
                ],
            ),
            ("invisible", &["hunt\u{200b}er2", "hunt\u{a0}er2"]),
            (
                "a name and '='",
                &[
                    "GENESYSCLOUD_OAUTHCLIENT_SECRET=hunter2",
                    "client_secret: hunter2",
                    "export SECRET=hunter2",
                ],
            ),
            ("PEM", &["-----BEGIN PRIVATE KEY-----"]),
            ("JSON", &["{", "{\"client_secret\":\"hunter2\"}"]),
            ("Authorization", &["Bearer hunter2", "basic aHVudGVyMg=="]),
        ] {
            for secret in secrets {
                assert!(flaw(secret).contains(part), "{secret}: {}", flaw(secret));
            }
        }
    }

    #[test]
    fn a_path_is_refused_where_it_cannot_be_meant() {
        for (path, part) in [
            ("\"/run/secret\"", "quotation mark"),
            ("'~/x'", "quotation mark"),
            ("/run/secret ", "space"),
            (" ", "space"),
            ("<file>", "placeholder"),
            ("...", "placeholder"),
            ("file:///run/secret", "URL"),
            ("$HOME/x", "variable"),
            ("${HOME}/x", "variable"),
            ("/home/$USER/x", "variable"),
            ("%USERPROFILE%/x", "variable"),
            ("/a/$(id -u)", "variable"),
            ("/a-${ID}/b", "variable"),
        ] {
            assert!(of_path(path).is_some_and(|flaw| flaw.contains(part)), "{path}");
        }
        for path in ["", ".", "..", "../x", "/", "a b", "secret", "/a/$x.y/b", "c:/x", "-", "100%"]
        {
            assert_eq!(of_path(path), None, "{path}");
        }
    }

    #[test]
    fn a_reference_is_found_in_any_part() {
        for value in [
            "s3://${BUCKET}/p",
            "s3://tokens-$STAGE/p",
            "redis://$USER@h/0",
            "redis://$user@h/0",
            "redis://h:$port/0",
            "https://login.${REGION}.example",
            "https://$(region).example",
            "https://{{ host }}/x",
            "redis://%USERNAME%@h",
        ] {
            assert!(has_reference(value), "{value}");
        }
        for value in ["s3://b/a$b", "s3://b/100%/50%", "redis://h/0?prefix=a%20b:", "https://h/a$"]
        {
            assert!(!has_reference(value), "{value}");
        }
    }

    #[test]
    fn id_and_secret_in_each_others_place_are_noticed() {
        assert!(of_credentials(SECRET, ID).unwrap().contains("swapped"));
        assert!(of_credentials(ID, ID).unwrap().contains("the same"));
        assert_eq!(
            of_credentials("\"id\"", "...").unwrap(),
            "the client id begins or ends with a quotation mark, which a .env file or a form has \
             kept; the client secret is a placeholder, and not a value"
        );
    }
}
