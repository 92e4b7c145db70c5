//! GitHub Actions.

use crate::output::unsupported::UnsupportedValue;
use crate::output::{Bytes, Variable};

/// Writes the mask of a secret value to standard output, and a here-document that sets the
/// variable to the file that `GITHUB_ENV` names.
///
/// The runner recognizes `::add-mask::` only at the beginning of a line. The newline in front
/// of it ends a line that the step may have left unfinished.
///
/// A value that ends with a carriage return is refused: a runner on Windows takes it as part
/// of the line's end.
pub(in crate::output) fn export(
    stdout: &mut Bytes,
    file: &mut Bytes,
    variable: &Variable<'_>,
) -> Result<(), UnsupportedValue> {
    let value = variable.value;
    if value.ends_with('\r') {
        return Err(UnsupportedValue(
            "it ends with a carriage return, which a runner on Windows drops",
        ));
    }
    // The runner complains about an empty mask.
    if variable.secret && !value.trim().is_empty() {
        mask(stdout, value);
    }
    let delimiter = unused_delimiter(value);
    file.text(variable.name.as_str())
        .text("<<")
        .text(&delimiter)
        .text("\n")
        .text(value)
        .text("\n")
        .text(&delimiter)
        .text("\n");
    Ok(())
}

/// Writes a workflow command that masks `text` in the log, always on a new line.
pub(in crate::output) fn mask(stdout: &mut Bytes, text: &str) {
    if stdout.is_empty() {
        stdout.text("\n");
    }
    stdout.text("::add-mask::");
    escape(stdout, text);
    stdout.text("\n");
}

/// Returns a word that does not occur in `value`. It need not be random, because the value is
/// known.
fn unused_delimiter(value: &str) -> String {
    let mut number = 0_u64;
    loop {
        let word = format!("GC_TOKEN_END_{number}");
        if !value.contains(&word) {
            return word;
        }
        number += 1;
    }
}

fn escape(out: &mut Bytes, value: &str) {
    for char in value.chars() {
        match char {
            '%' => out.text("%25"),
            '\r' => out.text("%0D"),
            '\n' => out.text("%0A"),
            _ => out.char(char),
        };
    }
}

#[cfg(test)]
mod tests {
    use crate::output::format::tests::set;
    use crate::output::{Name, OutputFormat::GithubActions, Variable};

    fn rendered(value: &str, secret: bool) -> (String, String) {
        let name: Name = "A".parse().unwrap();
        let variable = Variable { name: &name, value, secret };
        let rendered = GithubActions.export(&[variable]).unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (text(&rendered.stdout), text(&rendered.github_env.unwrap()))
    }

    #[test]
    fn a_secret_is_masked_and_everything_else_is_not() {
        let file = "A<<GC_TOKEN_END_0\nabc\nGC_TOKEN_END_0\n".to_owned();
        assert_eq!(rendered("abc", true), ("\n::add-mask::abc\n".into(), file.clone()));
        assert_eq!(rendered("abc", false), (String::new(), file));
        assert_eq!(rendered(" ", true).0, "");
    }

    #[test]
    fn the_mask_stays_one_command() {
        assert_eq!(
            rendered("a%0A\r\n::stop-commands::x", true).0,
            "\n::add-mask::a%250A%0D%0A::stop-commands::x\n"
        );
    }

    #[test]
    fn the_delimiter_does_not_occur_in_the_value() {
        assert_eq!(
            rendered("x\nGC_TOKEN_END_0\nPATH=/evil", true).1,
            "A<<GC_TOKEN_END_1\nx\nGC_TOKEN_END_0\nPATH=/evil\nGC_TOKEN_END_1\n"
        );
    }

    #[test]
    fn a_carriage_return_at_the_end_is_refused() {
        assert!(set(GithubActions, "a\r").unwrap_err().contains("carriage"));
    }
}
