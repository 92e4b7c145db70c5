//! GitLab CI: a report of type `dotenv`.

use crate::output::format::Cannot;
use crate::output::{Bytes, Variable};

/// `NAME=value`, and nothing else: the report knows no quotes and no escapes.
///
/// GitLab strips white space at both ends, reads a line per variable, and
/// expands `$NAME`, `${NAME}`, `%NAME%`, `$$` and `%%` where the variable is
/// used. A value that would be changed by that is refused.
pub(in crate::output) fn export(out: &mut Bytes, variable: &Variable<'_>) -> Result<(), Cannot> {
    let value = variable.value;
    if value.contains(['$', '%']) {
        return Err(Cannot("it holds $ or %, and GitLab expands variables in a dotenv report"));
    }
    if value.contains(char::is_control) {
        return Err(Cannot(
            "it holds a control character, and a dotenv report of GitLab has no escapes",
        ));
    }
    if value.trim().len() != value.len() {
        return Err(Cannot("it begins or ends with white space, which GitLab strips"));
    }
    out.text(variable.name.as_str()).text("=");
    out.text(value).text("\n");
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::output::Dialect::Gitlab;
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
