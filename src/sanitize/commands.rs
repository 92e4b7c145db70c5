//! Commands that CI systems execute when they are in a job's log.

/// Commands recognized anywhere in a line, with the offset at which a blank breaks them up.
const ANYWHERE: [(&str, usize); 8] = [
    // GitLab, Travis.
    ("section_start:", "section_".len()),
    ("section_end:", "section_".len()),
    ("travis_fold:", "travis_".len()),
    ("travis_time:", "travis_".len()),
    // Spinnaker reads properties out of a job's log, Jenkins and GitLab attachments.
    ("SPINNAKER_PROPERTY_", "SPINNAKER_".len()),
    ("SPINNAKER_CONFIG_JSON", "SPINNAKER_".len()),
    ("[[ATTACHMENT|", 1),
    // Azure Pipelines (##vso[ and ##[), GitHub's runner (##[), TeamCity.
    ("##", 1),
];

/// Commands recognized at the beginning of a line, after white space.
const AT_LINE_START: [(&str, usize); 6] = [
    // GitHub's runner.
    ("::", 1),
    ("[command]", 1),
    // Buildkite.
    ("---", 1),
    ("+++", 1),
    ("~~~", 1),
    ("^^^", 1),
];

pub(super) fn may_contain_command(line: &str) -> bool {
    let begins = |(command, _): &(&str, usize)| line.trim_start().starts_with(command);
    ANYWHERE.iter().any(|(command, _)| line.contains(command)) || AT_LINE_START.iter().any(begins)
}

/// Replaces one character of each command in a JSON text by an escape sequence.
pub(super) fn escape_in_json(json: String) -> String {
    ANYWHERE.iter().filter(|(command, _)| json.contains(command)).fold(
        json.clone(),
        |escaped, (command, at)| {
            let (one, other) = command.split_at(*at);
            let (escaped_char, rest) = other.split_at(1);
            let with_escape = format!("{one}\\u{:04x}{rest}", escaped_char.as_bytes()[0]);
            // Twice, as below.
            escaped.replace(command, &with_escape).replace(command, &with_escape)
        },
    )
}

/// Inserts a blank into each command. A zero-width character would not do, because .NET
/// ignores it in comparisons.
pub(super) fn break_up(line: &str) -> String {
    let mut shown = line.to_owned();
    for (command, at) in ANYWHERE {
        // Twice, because "###" contains two overlapping commands.
        for _ in 0..2 {
            let (one, other) = command.split_at(at);
            shown = shown.replace(command, &format!("{one} {other}"));
        }
    }
    let start = shown.len() - shown.trim_start().len();
    for (command, at) in AT_LINE_START {
        if shown[start..].starts_with(command) {
            shown.insert(start + at, ' ');
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_broken_up_and_nothing_else_is() {
        for (line, shown) in [
            ("##vso[task.complete result=Failed]", "# #vso[task.complete result=Failed]"),
            ("a ##[error]b", "a # #[error]b"),
            ("#####", "# # # # #"),
            ("##teamcity[buildStop]", "# #teamcity[buildStop]"),
            ("  ::add-mask::x", "  : :add-mask::x"),
            ("a ::add-mask::x", "a ::add-mask::x"),
            ("[command]x", "[ command]x"),
            ("--- group", "- -- group"),
            ("+++ group", "+ ++ group"),
            ("\u{a0}^^^ +++", "\u{a0}^ ^^ +++"),
            ("section_start:0:a", "section_ start:0:a"),
            ("x section_end:0:a", "x section_ end:0:a"),
            ("travis_fold:start:x", "travis_ fold:start:x"),
            ("SPINNAKER_PROPERTY_a=b", "SPINNAKER_ PROPERTY_a=b"),
            ("x SPINNAKER_CONFIG_JSON={}", "x SPINNAKER_ CONFIG_JSON={}"),
            ("x [[ATTACHMENT|/etc/x]]", "x [ [ATTACHMENT|/etc/x]]"),
            ("--flag # note [x]", "--flag # note [x]"),
        ] {
            assert_eq!(break_up(line), shown);
            assert_eq!(may_contain_command(line), line != shown, "{line}");
            assert!(!may_contain_command(shown), "{shown}");
        }
    }
}
