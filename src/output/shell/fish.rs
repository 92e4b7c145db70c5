//! fish.

use std::fmt::Write;

use crate::output::{Bytes, Name, Variable};

/// Writes a single-quoted string, in which fish has two escapes, `\\` and `\'`. Control
/// characters are escaped outside the quotes. Statements end with `;`, so that
/// `eval (gc-token env ...)`, which joins lines with spaces, means the same as
/// `gc-token env ... | source`.
pub(in crate::output) fn export(out: &mut Bytes, variable: &Variable<'_>) {
    out.text("set -gx ").text(variable.name.as_str()).text(" '");
    for char in variable.value.chars() {
        match char {
            '\\' | '\'' => {
                out.char('\\').char(char);
            }
            _ if char.is_ascii_control() => {
                let _ = write!(out, r"'\x{:02x}'", u32::from(char));
            }
            _ => {
                out.char(char);
            }
        }
    }
    out.text("';\n");
}

pub(in crate::output) fn unset(out: &mut Bytes, name: &Name) {
    out.text("set -eg ").text(name.as_str()).text(";\n");
}

#[cfg(test)]
mod tests {
    use crate::output::OutputFormat::Fish;
    use crate::output::format::tests::{set, unset};

    #[test]
    fn backslash_and_quote_are_escaped_and_controls_stand_outside() {
        assert_eq!(set(Fish, "abc").unwrap(), "set -gx A 'abc';\n");
        assert_eq!(set(Fish, "").unwrap(), "set -gx A '';\n");
        assert_eq!(
            set(Fish, "\\'$x(y)\n\u{7f}1").unwrap(),
            "set -gx A '\\\\\\'$x(y)'\\x0a''\\x7f'1';\n"
        );
    }

    #[test]
    fn unsets_the_global_that_was_set() {
        assert_eq!(unset(Fish), "set -eg A;\nset -eg B_1;\n");
    }
}
