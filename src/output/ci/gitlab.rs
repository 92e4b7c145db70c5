//! GitLab CI: a report of type `dotenv`.

use crate::output::unsupported::UnsupportedValue;
use crate::output::{Bytes, Variable};

/// Writes `NAME=value`; the format has neither quotes nor escapes.
///
/// GitLab strips white space at both ends, reads a line per variable, and expands `$NAME`,
/// `${NAME}`, `%NAME%`, `$$` and `%%` wherever the variable is used. Values that this would
/// change are refused.
pub(in crate::output) fn export(
    out: &mut Bytes,
    variable: &Variable<'_>,
) -> Result<(), UnsupportedValue> {
    let value = variable.value;
    if value.contains(['$', '%']) {
        return Err(UnsupportedValue(
            "it contains $ or %, and GitLab expands variables in a dotenv report",
        ));
    }
    if value.contains(char::is_control) {
        return Err(UnsupportedValue(
            "it contains a control character, and a dotenv report of GitLab has no escapes",
        ));
    }
    if value.trim().len() != value.len() {
        return Err(UnsupportedValue("it begins or ends with white space, which GitLab strips"));
    }
    out.text(variable.name.as_str()).text("=");
    out.text(value).text("\n");
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::output::OutputFormat::Gitlab;
    use crate::output::format::tests::set;

    #[test]
    fn nothing_is_quoted() {
        assert_eq!(set(Gitlab, "abc").unwrap(), "A=abc\n");
        assert_eq!(set(Gitlab, "").unwrap(), "A=\n");
        assert_eq!(set(Gitlab, "a=\"b' #c\\").unwrap(), "A=a=\"b' #c\\\n");
    }

    #[test]
    fn what_gitlab_would_change_is_refused() {
        for (value, why) in [
            ("$CI_JOB_TOKEN", "expands"),
            ("100%%", "expands"),
            ("a\nB=1", "no escapes"),
            ("a\rb", "no escapes"),
            (" a", "strips"),
            ("a\u{3000}", "strips"),
        ] {
            assert!(set(Gitlab, value).unwrap_err().contains(why), "{value:?}");
        }
    }
}
