//! What `env` prints for systems that cannot be run here is read back by small
//! readers, written after those systems' documented rules and the source of
//! GitHub's runner, Azure's agent and GitLab.

use clap::ValueEnum;
use gc_token::internals::output::{Name, OutputFormat, Variable};
use proptest::prelude::*;
use proptest::test_runner::Config;

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

    #[test]
    fn github_reads_every_value_back(value in value()) {
        for windows in [false, true] {
            if let Some((stdout, file)) = export(OutputFormat::GithubActions, &value) {
                prop_assert_eq!(github_env(&file, windows), [("V".to_owned(), value.clone())]);
                if !value.trim().is_empty() {
                    prop_assert_eq!(github_mask(&stdout), value.clone());
                }
            } else {
                prop_assert!(value.ends_with('\r'));
            }
        }
    }

    #[test]
    fn gitlab_reads_back_what_is_not_refused(value in value()) {
        if let Some((report, _)) = export(OutputFormat::Gitlab, &value) {
            prop_assert_eq!(gitlab(&report), [("V".to_owned(), value)]);
        }
    }

    #[test]
    fn azure_reads_back_what_is_not_refused(value in value()) {
        if let Some((line, _)) = export(OutputFormat::AzurePipelines, &value) {
            prop_assert_eq!(line.lines().count(), 1);
            prop_assert_eq!(azure(&line), ("V".to_owned(), value));
        }
    }

    #[test]
    fn powershell_reads_back_what_is_not_refused(value in value()) {
        match export(OutputFormat::PowerShell, &value) {
            Some((line, _)) => prop_assert_eq!(powershell(&line), value),
            None => prop_assert!(value.is_empty()),
        }
    }

    #[test]
    fn cmd_is_given_nothing_that_it_would_expand(value in value()) {
        if let Some((line, _)) = export(OutputFormat::Cmd, &value) {
            let inside = line.strip_prefix("set \"V=").unwrap();
            let inside = inside.strip_suffix("\"\r\n").unwrap();
            prop_assert_eq!(inside, &value);
            let harmless = |byte| matches!(byte, b' '..=b'~') && !b"\"%!".contains(&byte);
            prop_assert!(inside.bytes().all(harmless));
        }
    }

    #[test]
    fn json_reads_every_value_back(value in value()) {
        let (json, _) = export(OutputFormat::Json, &value).unwrap();
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(json.lines().count(), 1);
        prop_assert_eq!(read, serde_json::json!({ "V": value }));
    }

    #[test]
    fn a_plain_token_is_refused_nowhere(token in "[A-Za-z0-9._~+/=-]{1,200}") {
        for format in OutputFormat::value_variants() {
            prop_assert!(export(*format, &token).is_some(), "{:?}", format);
        }
    }
}

/// The `GITHUB_ENV` file: `NAME=value`, or a here-document, up to a line that
/// is the delimiter. On Windows a line may also end with CR LF.
fn github_env(mut rest: &str, windows: bool) -> Vec<(String, String)> {
    let mut read = Vec::new();
    while !rest.is_empty() {
        let (line, _, after) = first_line(rest, windows);
        rest = after;
        match (line.find('='), line.find("<<")) {
            (Some(equals), document) if document.is_none_or(|it| equals < it) => {
                read.push((line[..equals].into(), line[equals + 1..].into()));
            }
            (_, Some(document)) => {
                let (name, delimiter) = (&line[..document], &line[document + 2..]);
                let mut value = String::new();
                let mut pending = "";
                loop {
                    assert!(!rest.is_empty(), "no line is the delimiter");
                    let (line, end, after) = first_line(rest, windows);
                    rest = after;
                    if line == delimiter {
                        break;
                    }
                    value = value + pending + line;
                    pending = end;
                }
                read.push((name.into(), value));
            }
            _ => panic!("not a line of GITHUB_ENV: {line:?}"),
        }
    }
    read
}

/// The first line, what ends it, and the rest.
fn first_line(text: &str, windows: bool) -> (&str, &str, &str) {
    let Some(end) = text.find('\n') else {
        return (text, "", "");
    };
    let rest = &text[end + 1..];
    match text[..end].strip_suffix('\r') {
        Some(line) if windows => (line, "\r\n", rest),
        _ => (&text[..end], "\n", rest),
    }
}

/// The value that a workflow command masks. It begins a line whatever the step
/// printed before.
fn github_mask(stdout: &str) -> String {
    let data = stdout.strip_prefix("\n::add-mask::").unwrap();
    let data = data.strip_suffix('\n').unwrap();
    assert!(!data.contains(['\r', '\n']), "the command ends early");
    data.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
}

/// A dotenv report: a variable in each line, both sides stripped, the value
/// expanded later.
fn gitlab(report: &str) -> Vec<(String, String)> {
    let lines = report.strip_suffix('\n').unwrap().split('\n');
    lines
        .map(|line| {
            let (name, value) = line.split_once('=').unwrap();
            let value = value.trim();
            assert!(!value.contains(['$', '%']), "GitLab may expand {value:?}");
            (name.trim().into(), value.into())
        })
        .collect()
}

/// A logging command: up to the first `]` after `##vso[` stand the properties,
/// the rest is data, in which five escapes are replaced one after the other.
fn azure(line: &str) -> (String, String) {
    let command = &line[line.find("##vso[").unwrap() + "##vso[".len()..];
    let (properties, data) = command.split_once(']').unwrap();
    let name = properties
        .strip_prefix("task.setvariable variable=")
        .unwrap()
        .strip_suffix(";issecret=true")
        .unwrap();
    let data = data
        .strip_suffix('\n')
        .unwrap()
        .replace("%3B", ";")
        .replace("%0D", "\r")
        .replace("%0A", "\n")
        .replace("%5D", "]")
        .replace("%AZP25", "%");
    (name.into(), data)
}

/// `$env:V = ` and a sum of single-quoted strings and `[char]0x...`, each one
/// UTF-16 unit. PowerShell ends a string at any of five quotes.
fn powershell(statement: &str) -> String {
    assert!(statement.is_ascii(), "depends on the console's code page");
    let mut rest = statement.strip_prefix("$env:V = ").unwrap();
    let mut units = Vec::new();
    loop {
        if let Some(number) = rest.strip_prefix("[char]0x") {
            let end = number.find([' ', '\n']).unwrap();
            units.push(u16::from_str_radix(&number[..end], 16).unwrap());
            rest = &number[end..];
        } else {
            let mut string = rest.strip_prefix('\'').expect("a string").chars();
            while let Some(char) = string.next() {
                let quotes = ['\'', '\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}'];
                if quotes.contains(&char) && !string.as_str().starts_with(quotes) {
                    break;
                }
                let char = match quotes.contains(&char) {
                    true => string.next().unwrap(),
                    false => char,
                };
                units.extend_from_slice(char.encode_utf16(&mut [0; 2]));
            }
            rest = string.as_str();
        }
        match rest.strip_prefix(" + ") {
            Some(more) => rest = more,
            None => break,
        }
    }
    assert_eq!(rest, "\n", "more than one statement");
    String::from_utf16(&units).unwrap()
}

/// Returns standard output, and the text for the file of GitHub Actions.
fn export(format: OutputFormat, value: &str) -> Option<(String, String)> {
    let name: Name = "V".parse().unwrap();
    let variable = Variable { name: &name, value, secret: true };
    let rendered = format.export(&[variable]).ok()?;
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let file = rendered.github_env.map(|file| text(&file));
    Some((text(&rendered.stdout), file.unwrap_or_default()))
}

/// Any text but NUL, much of it made of what these formats stumble over, and
/// of their own words.
fn value() -> impl Strategy<Value = String> {
    let words = proptest::sample::select(vec![
        "'",
        "\"",
        "%",
        "!",
        "$",
        "^",
        "]",
        ";",
        "\\",
        "=",
        "<<",
        "::",
        "\r",
        "\n",
        "\r\n",
        " ",
        "\u{2018}",
        "\u{2019}",
        "\u{201b}",
        "\u{feff}",
        "\u{1f600}",
        "%0A",
        "%25",
        "%3B",
        "%AZP25",
        "AZP25",
        "##vso[",
        "GC_TOKEN_END_0",
        "GC_TOKEN_END_1",
        "V=",
        "a",
        "0",
    ]);
    let any = any::<char>().prop_filter("no variable holds NUL", |char| *char != '\0');
    let piece = prop_oneof![words.prop_map(String::from), any.prop_map(String::from)];
    let wild = proptest::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat());
    // Wild values are refused by most of these formats; mild ones seldom.
    prop_oneof![wild, "[ -~]{0,8}", "[a-z !^\u{e4}\u{3000}]{1,4}"]
}
