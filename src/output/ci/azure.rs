//! Azure Pipelines.

use crate::output::unsupported::UnsupportedValue;
use crate::output::{Bytes, Variable};

/// Writes a logging command that sets the variable for later steps.
///
/// Secret variables are not in a step's environment unless the step maps them
/// (`env: NAME: $(NAME)`). The agent refuses secrets with several lines.
pub(in crate::output) fn export(
    out: &mut Bytes,
    variable: &Variable<'_>,
) -> Result<(), UnsupportedValue> {
    if variable.value.contains(char::is_control) {
        return Err(UnsupportedValue(
            "it contains a control character or several lines, which the agent refuses in a secret",
        ));
    }
    let secret = if variable.secret { ";issecret=true" } else { "" };
    out.text("##vso[task.setvariable variable=")
        .text(variable.name.as_str())
        .text(secret)
        .text("]");
    escape(out, variable.value);
    out.text("\n");
    Ok(())
}

pub(in crate::output) fn mask(out: &mut Bytes, text: &str) {
    out.text("##vso[task.setsecret]");
    escape(out, text);
    out.text("\n");
}

/// Sequences that the agent decodes in the data of a command.
const ESCAPES: [&str; 5] = ["%AZP25", "%0D", "%0A", "%3B", "%5D"];

/// Escapes a percent sign only where it would begin an escape: an agent with
/// `DECODE_PERCENTS` off reads `%AZP25` literally.
fn escape(out: &mut Bytes, value: &str) {
    for (at, char) in value.char_indices() {
        let begins_escape = || ESCAPES.iter().any(|escape| value[at..].starts_with(escape));
        match char {
            '%' if begins_escape() => out.text("%AZP25"),
            _ => out.char(char),
        };
    }
}

#[cfg(test)]
mod tests {
    use crate::output::OutputFormat::AzurePipelines;
    use crate::output::format::tests::set;
    use crate::output::{Name, Variable};

    #[test]
    fn a_token_is_secret_and_a_region_is_not() {
        let (token, region): (Name, Name) = ("TOKEN".parse().unwrap(), "REGION".parse().unwrap());
        let variables = [
            Variable { name: &token, value: "abc", secret: true },
            Variable { name: &region, value: "eu-west-1", secret: false },
        ];
        assert_eq!(
            std::str::from_utf8(&AzurePipelines.export(&variables).unwrap().stdout).unwrap(),
            "##vso[task.setvariable variable=TOKEN;issecret=true]abc\n\
             ##vso[task.setvariable variable=REGION]eu-west-1\n"
        );
    }

    #[test]
    fn only_what_reads_as_an_escape_is_escaped() {
        let data = |value| {
            let line = set(AzurePipelines, value).unwrap();
            line.split_once(']').unwrap().1.trim_end().to_owned()
        };
        assert_eq!(data("100%;]##vso[x]"), "100%;]##vso[x]");
        assert_eq!(data("%3B%0a%AZP25"), "%AZP253B%0a%AZP25AZP25");
    }

    #[test]
    fn several_lines_are_refused() {
        for value in ["a\n##vso[task.complete]", "a\rb", "\u{1b}"] {
            assert!(set(AzurePipelines, value).is_err());
        }
    }
}
