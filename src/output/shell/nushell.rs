//! nushell.

use std::fmt::Write;

use crate::output::{Bytes, Name, Variable};

/// Writes a double-quoted string, in which nushell expands only backslash escapes. The output
/// is for a file to source; in a running session,
/// `gc-token env --shell json | from json | load-env` needs no file.
pub(in crate::output) fn export(out: &mut Bytes, variable: &Variable<'_>) {
    out.text("$env.").text(variable.name.as_str()).text(" = \"");
    for char in variable.value.chars() {
        match char {
            '"' | '\\' => {
                out.char('\\').char(char);
            }
            _ if char.is_control() => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(char));
            }
            _ => {
                out.char(char);
            }
        }
    }
    out.text("\"\n");
}

pub(in crate::output) fn unset(out: &mut Bytes, name: &Name) {
    out.text("hide-env --ignore-errors ").text(name.as_str()).text("\n");
}

#[cfg(test)]
mod tests {
    use crate::output::OutputFormat::Nushell;
    use crate::output::format::tests::{set, unset};

    #[test]
    fn quote_backslash_and_controls_are_escaped() {
        assert_eq!(set(Nushell, "abc").unwrap(), "$env.A = \"abc\"\n");
        assert_eq!(set(Nushell, "").unwrap(), "$env.A = \"\"\n");
        assert_eq!(
            set(Nushell, "\"\\'$x(y)\n\u{85}").unwrap(),
            "$env.A = \"\\\"\\\\'$x(y)\\u{a}\\u{85}\"\n"
        );
    }

    #[test]
    fn unsets_without_complaint_about_what_is_not_set() {
        assert_eq!(unset(Nushell), "hide-env --ignore-errors A\nhide-env --ignore-errors B_1\n");
    }
}
