//! PowerShell, from Windows PowerShell 5.1 on.

use std::fmt::Write;

use crate::output::unsupported::UnsupportedValue;
use crate::output::{Bytes, Name, Variable};

/// Writes ASCII only, a line per variable: `'abc' + [char]0x2019 + 'def'`.
///
/// PowerShell decodes a program's output by the console's code page and splits it into lines,
/// so newlines and characters beyond ASCII would not arrive intact. The typographic quotes
/// U+2018 to U+201B would also end a single-quoted string.
pub(in crate::output) fn export(
    out: &mut Bytes,
    variable: &Variable<'_>,
) -> Result<(), UnsupportedValue> {
    if variable.value.is_empty() {
        return Err(UnsupportedValue(
            "it is empty, and setting a variable to nothing removes it in PowerShell",
        ));
    }
    // The string in front makes each `+` a concatenation.
    out.text("$env:").text(variable.name.as_str()).text(" = '");
    let mut quoted = true;
    for char in variable.value.chars() {
        let plain = char == ' ' || char.is_ascii_graphic();
        match (quoted, plain) {
            (true, false) => out.text("'"),
            (false, true) => out.text(" + '"),
            _ => out,
        };
        match char {
            '\'' => {
                out.text("''");
            }
            _ if plain => {
                out.char(char);
            }
            _ => {
                for unit in char.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, " + [char]0x{unit:X}");
                }
            }
        }
        quoted = plain;
    }
    out.text(if quoted { "'\n" } else { "\n" });
    Ok(())
}

pub(in crate::output) fn unset(out: &mut Bytes, name: &Name) {
    out.text("Remove-Item Env:").text(name.as_str()).text(" -ErrorAction Ignore\n");
}

#[cfg(test)]
mod tests {
    use crate::output::OutputFormat::PowerShell;
    use crate::output::format::tests::{set, unset};

    #[test]
    fn quotes_are_doubled_and_the_rest_is_plain_ascii() {
        for (value, expected) in [
            ("abc", "$env:A = 'abc'\n"),
            ("it's $x `n \"", "$env:A = 'it''s $x `n \"'\n"),
            ("a\u{2019}b", "$env:A = 'a' + [char]0x2019 + 'b'\n"),
            ("\r\n", "$env:A = '' + [char]0xD + [char]0xA\n"),
            (
                "\u{feff}x\u{1f600}",
                "$env:A = '' + [char]0xFEFF + 'x' + [char]0xD83D + [char]0xDE00\n",
            ),
            ("\u{201b}'", "$env:A = '' + [char]0x201B + ''''\n"),
        ] {
            assert_eq!(set(PowerShell, value).unwrap(), expected);
        }
    }

    #[test]
    fn an_empty_value_is_refused() {
        assert!(set(PowerShell, "").unwrap_err().starts_with("it is empty"));
    }

    #[test]
    fn unsets_without_complaint_about_what_is_not_set() {
        assert_eq!(
            unset(PowerShell),
            "Remove-Item Env:A -ErrorAction Ignore\nRemove-Item Env:B_1 -ErrorAction Ignore\n"
        );
    }
}
