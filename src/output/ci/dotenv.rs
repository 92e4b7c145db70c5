//! A `.env` file.

use crate::output::unsupported::UnsupportedValue;
use crate::output::{Bytes, Variable};

/// Writes `NAME=value` in the part of the format on which its readers agree. Tested with the
/// shells' `set -a; . ./.env`, Node (its own reader and the package `dotenv`) and
/// python-dotenv; the documentation of Docker Compose and the source of Ruby's dotenv say the
/// same.
///
/// A value of letters, digits and `_ - . / , + = @ %` that does not begin with `=` (zsh
/// expands `=name`) is not quoted, so that `docker run --env-file` can read it, which would
/// take quotes as part of the value. Any other value is put between single quotes. Values on
/// which the readers disagree even then are refused: with a single quote, a backslash (Python
/// unescapes it), `$` (Python and Node's dotenv-expand expand it) or control characters.
pub(in crate::output) fn export(
    out: &mut Bytes,
    variable: &Variable<'_>,
) -> Result<(), UnsupportedValue> {
    let (name, value) = (variable.name.as_str(), variable.value);
    if value.contains(['\'', '\\', '$']) {
        return Err(UnsupportedValue(
            "it contains one of ' \\ $, on which the readers of .env files disagree",
        ));
    }
    if value.contains(char::is_control) {
        return Err(UnsupportedValue(
            "it contains a control character, on which the readers of .env files disagree",
        ));
    }
    let quote = if is_bare(value) { "" } else { "'" };
    out.text(name).text("=");
    out.text(quote).text(value).text(quote).text("\n");
    Ok(())
}

fn is_bare(value: &str) -> bool {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./,+=@%".contains(&byte);
    value.bytes().all(harmless) && !value.starts_with('=')
}

#[cfg(test)]
mod tests {
    use crate::output::OutputFormat::Dotenv;
    use crate::output::format::tests::set;

    #[test]
    fn tokens_stand_bare() {
        assert_eq!(set(Dotenv, "aZ9-_.~").unwrap(), "A='aZ9-_.~'\n");
        assert_eq!(set(Dotenv, "eyJ.a-b_c+/==").unwrap(), "A=eyJ.a-b_c+/==\n");
        assert_eq!(set(Dotenv, "").unwrap(), "A=\n");
    }

    #[test]
    fn the_rest_stands_between_single_quotes() {
        assert_eq!(set(Dotenv, " a #b \"").unwrap(), "A=' a #b \"'\n");
        assert_eq!(set(Dotenv, "=ls").unwrap(), "A='=ls'\n");
        assert_eq!(set(Dotenv, "a:=ls").unwrap(), "A='a:=ls'\n");
        assert_eq!(set(Dotenv, "`id`;\u{e4}").unwrap(), "A='`id`;\u{e4}'\n");
    }

    #[test]
    fn what_readers_disagree_on_is_refused() {
        for value in ["it's", "a\\", "$HOME", "${X}"] {
            assert!(set(Dotenv, value).unwrap_err().starts_with("it contains one"));
        }
        for value in ["a\nB=1", "a\rb", "\u{1b}[0m", "\u{85}"] {
            assert!(set(Dotenv, value).unwrap_err().starts_with("it contains a c"));
        }
    }
}
