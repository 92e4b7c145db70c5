//! Adds a profile to the text of `config.toml`, and leaves every other byte as it is.

use serde_json::Value as Json;
use toml::Table;

/// The lines of a profile: keys, and values that are texts or lists of texts.
#[derive(Debug, Clone, Default)]
pub(crate) struct ProfileLines(Vec<(String, Json)>);

impl ProfileLines {
    pub(crate) fn push(&mut self, key: &str, value: impl Into<Json>) {
        self.0.push((key.to_owned(), value.into()));
    }

    /// Values are written as JSON, whose texts and lists of texts without control characters
    /// are TOML, too.
    pub(crate) fn to_toml(&self, profile: &str) -> String {
        let lines = self.0.iter().map(|(key, value)| format!("{key} = {value}\n"));
        format!("[{profile}]\n{}", lines.collect::<String>())
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum EditError {
    /// The text is not TOML; with the parser's reason and the number of the line.
    Invalid(usize, String),
    /// The profile is not written as one table with a header of its own.
    OtherNotation,
}

/// Returns whether a name is a key of TOML without quotes, and the name of a file.
pub(crate) fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

pub(crate) fn has_profile(text: &str, profile: &str) -> Result<bool, EditError> {
    Ok(parse(text)?.contains_key(profile))
}

/// Returns `text` with the profile at its end, or in the place of the one that it has.
pub(crate) fn with_profile(
    text: &str,
    profile: &str,
    lines: &ProfileLines,
) -> Result<String, EditError> {
    let before = parse(text)?;
    let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let table = lines.to_toml(profile).replace('\n', line_end);
    let edited = if before.contains_key(profile) {
        let (start, end) = table_range(text, profile).ok_or(EditError::OtherNotation)?;
        format!("{}{table}{}", &text[..start], &text[end..])
    } else {
        let is_blank = text.trim_start_matches('\u{feff}').trim().is_empty();
        let line = if text.is_empty() || text.ends_with('\n') { "" } else { line_end };
        let gap = if is_blank { "" } else { line_end };
        format!("{text}{line}{gap}{table}")
    };
    let mut expected = before;
    expected.extend(parse(&lines.to_toml(profile))?);
    // A table that the lines do not show in full, such as one with parts elsewhere.
    if parse(&edited) != Ok(expected) {
        return Err(EditError::OtherNotation);
    }
    Ok(edited)
}

fn parse(text: &str) -> Result<Table, EditError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.parse().map_err(|error: toml::de::Error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
        EditError::Invalid(line, error.message().to_owned())
    })
}

/// Returns the lines from the table's header to its last key; comments and empty lines in
/// front of the next header belong to that one.
fn table_range(text: &str, profile: &str) -> Option<(usize, usize)> {
    let mut offset = 0;
    let mut start = None;
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        let next = offset + line.len();
        let trimmed = line.trim_start_matches('\u{feff}').trim();
        match start {
            None if is_header(trimmed, profile) => {
                start = Some(offset + if line.starts_with('\u{feff}') { 3 } else { 0 });
                end = next;
            }
            Some(_) if trimmed.starts_with('[') => break,
            Some(_) if !trimmed.is_empty() && !trimmed.starts_with('#') => end = next,
            _ => {}
        }
        offset = next;
    }
    Some((start?, end))
}

fn is_header(line: &str, profile: &str) -> bool {
    let line = line.split('#').next().unwrap_or_default().trim();
    let name = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let name = name.unwrap_or_default().trim();
    ["", "\"", "'"].iter().any(|quote| name == format!("{quote}{profile}{quote}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines() -> ProfileLines {
        let mut lines = ProfileLines::default();
        lines.push("region", "eu-west-1");
        lines.push("client_secret_command", ["pass", "a \"b\" \\ é"].as_slice());
        lines
    }

    const WRITTEN: &str = "[prod]\nregion = \"eu-west-1\"\n\
        client_secret_command = [\"pass\",\"a \\\"b\\\" \\\\ é\"]\n";

    fn edited(text: &str) -> Result<String, EditError> {
        with_profile(text, "prod", &lines())
    }

    #[test]
    fn a_new_profile_stands_at_the_end_and_nothing_else_changes() {
        for (text, between) in [
            ("", ""),
            ("\n", ""),
            ("# mine\n[default]\n  region='x' # here\n", "\n"),
            ("[default]\nregion = 'x'", "\n\n"),
            ("\u{feff}[default]\n", "\n"),
            ("[[default]]\n", "\n"),
        ] {
            assert_eq!(edited(text).as_deref(), Ok(&*format!("{text}{between}{WRITTEN}")));
        }
        let windows = "[default]\r\nregion = 'x'\r\n";
        let expected = format!("{windows}\r\n{}", WRITTEN.replace('\n', "\r\n"));
        assert_eq!(edited(windows), Ok(expected));
    }

    #[test]
    fn a_replaced_profile_stands_in_its_old_place() {
        for (before, old, after) in [
            ("", "[prod]\nskew = 5\n", ""),
            ("\u{feff}", "[prod]\n", ""),
            (
                "# one\n[a]\nx = 1\n\n",
                "[ 'prod' ] # old\n# key\nskew = 5\n",
                "\n# two\n[b]\ny = 2\n",
            ),
            ("", "[prod]\nx = [\n  'a',\n]\n", "# end\n"),
        ] {
            let text = format!("{before}{old}{after}");
            assert_eq!(edited(&text), Ok(format!("{before}{WRITTEN}{after}")), "{text}");
        }
    }

    #[test]
    fn a_profile_in_another_notation_is_not_touched() {
        for text in [
            "prod = { skew = 5 }\n",
            "prod.skew = 5\n",
            "[prod]\nx = 1\n[prod.y]\nz = 1\n",
            "[a]\nx = '''\n[prod]\n'''\n[prod]\n",
            "[prod]\nx = [\n['a'],\n]\n",
        ] {
            assert_eq!(edited(text), Err(EditError::OtherNotation), "{text}");
        }
        assert!(matches!(edited("[a]\n[prod\n"), Err(EditError::Invalid(2, _))));
    }

    #[test]
    fn a_name_that_needs_quotes_or_is_a_path_is_not_plain() {
        assert!(is_plain_name("prod_2-b"));
        for name in ["", ".", "a/b", "a b", "é", &"x".repeat(65)] {
            assert!(!is_plain_name(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn every_value_is_read_back(value in "[^\\x00-\\x1f\\x7f-\\x9f]{0,40}") {
            let mut lines = ProfileLines::default();
            lines.push("scope", value.as_str());
            lines.push("client_secret_command", [value.as_str(), "x"].as_slice());
            let text = with_profile("# a\n[default]\n", "prod", &lines).unwrap();
            let table: Table = text.parse().unwrap();
            prop_assert_eq!(table["prod"]["scope"].as_str(), Some(value.as_str()));
            prop_assert_eq!(table["prod"]["client_secret_command"][0].as_str(), Some(value.as_str()));
        }
    }
}
