//! Windows' cmd.exe.

use crate::output::unsupported::UnsupportedValue;
use crate::output::{Bytes, Name, Variable};

/// Characters.
const MAX_LINE: usize = 8_191;

/// Writes `set "NAME=value"`, which means the same in a file that is called, in the lines of a
/// `for /f`, and with delayed expansion on or off.
///
/// Between double quotes `& | < > ^ ( )` are literal. Characters without one safe notation are
/// refused: a double quote ends the string; `%` has to be doubled in a file but not in a
/// `for /f`; `!` expands only if delayed expansion is on; bytes beyond ASCII depend on the
/// console's code page.
pub(in crate::output) fn export(
    out: &mut Bytes,
    variable: &Variable<'_>,
) -> Result<(), UnsupportedValue> {
    let (name, value) = (variable.name.as_str(), variable.value);
    if value.is_empty() {
        return Err(UnsupportedValue(
            "it is empty, and setting a variable to nothing removes it in cmd",
        ));
    }
    if value.contains(['"', '%', '!']) {
        return Err(UnsupportedValue(
            "it contains one of \" % !, which cmd cannot quote in every place",
        ));
    }
    if !value.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Err(UnsupportedValue(
            "it contains a control character or one beyond ASCII, which cmd cannot quote",
        ));
    }
    if name.len() + value.len() + "set \"=\"".len() > MAX_LINE {
        return Err(UnsupportedValue("it is longer than a line of cmd can be"));
    }
    out.text("set \"").text(name).text("=");
    out.text(value).text("\"\r\n");
    Ok(())
}

pub(in crate::output) fn unset(out: &mut Bytes, name: &Name) {
    out.text("set \"").text(name.as_str()).text("=\"\r\n");
}

#[cfg(test)]
mod tests {
    use crate::output::OutputFormat::Cmd;
    use crate::output::format::tests::{set, unset};

    #[test]
    fn what_quotes_protect_stands_for_itself() {
        assert_eq!(set(Cmd, "a&b|c<d>e^f(g) 'h\\").unwrap(), "set \"A=a&b|c<d>e^f(g) 'h\\\"\r\n");
    }

    #[test]
    fn what_has_no_safe_spelling_is_refused() {
        for value in ["a\"&calc&\"", "%PATH%", "100%", "!PATH!"] {
            assert!(set(Cmd, value).unwrap_err().starts_with("it contains one of"));
        }
        for value in ["a\nb", "a\rb", "a\tb", "a\u{1a}", "\u{e4}", "\u{ff02}"] {
            assert!(set(Cmd, value).unwrap_err().starts_with("it contains a con"));
        }
        assert!(set(Cmd, "").unwrap_err().starts_with("it is empty"));
    }

    #[test]
    fn a_line_is_at_most_8191_characters_long() {
        let line = set(Cmd, &"x".repeat(8_183)).unwrap();
        assert_eq!(line.trim_end().len(), 8_191);
        assert!(set(Cmd, &"x".repeat(8_184)).unwrap_err().contains("longer"));
    }

    #[test]
    fn unsets_by_an_empty_value() {
        assert_eq!(unset(Cmd), "set \"A=\"\r\nset \"B_1=\"\r\n");
    }
}
