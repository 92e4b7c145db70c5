//! sh and its relatives: bash, dash, zsh, ksh.

use crate::output::{Bytes, Name, Variable};

/// Writes a single-quoted string, in which everything but a single quote is literal
/// (POSIX.1-2017, XCU 2.2.2); zsh's `RC_QUOTES` does not change the meaning of `'\''`.
pub(in crate::output) fn export(out: &mut Bytes, variable: &Variable<'_>) {
    out.text("export ").text(variable.name.as_str()).text("='");
    for char in variable.value.chars() {
        match char {
            '\'' => out.text(r"'\''"),
            _ => out.char(char),
        };
    }
    out.text("'\n");
}

/// Uses `-v`, because without it a function of that name may be unset.
pub(in crate::output) fn unset(out: &mut Bytes, name: &Name) {
    out.text("unset -v ").text(name.as_str()).text("\n");
}

#[cfg(test)]
mod tests {
    use crate::output::OutputFormat::Posix;
    use crate::output::format::tests::{set, unset};

    #[test]
    fn everything_stands_between_single_quotes() {
        assert_eq!(set(Posix, "abc").unwrap(), "export A='abc'\n");
        assert_eq!(set(Posix, "").unwrap(), "export A=''\n");
        assert_eq!(set(Posix, "'$(x)`\\\"\n!'").unwrap(), "export A=''\\''$(x)`\\\"\n!'\\'''\n");
    }

    #[test]
    fn unsets_variables_only() {
        assert_eq!(unset(Posix), "unset -v A\nunset -v B_1\n");
    }
}
