//! Durations as a person writes them: `90`, `1m30s`, `-2s`.

use std::time::Duration;

use jiff::SignedDuration;

/// A duration that may be negative; a bare number counts seconds.
///
/// # Errors
/// A sentence that names the text.
pub fn offset(text: &str) -> Result<SignedDuration, String> {
    let digits = text.trim_start_matches(['+', '-']);
    let bare = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let parsed = match bare {
        true => format!("{text}s").parse(),
        false => text.parse(),
    };
    parsed.map_err(|_| format!("{text:?} is not a duration such as 10s, 1m30s or -2s"))
}

/// A duration of zero or more; a bare number counts seconds.
///
/// # Errors
/// A sentence that names the text.
pub fn span(text: &str) -> Result<Duration, String> {
    Duration::try_from(offset(text)?).map_err(|_| format!("{text:?} is negative"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_signs_units_and_bare_seconds() {
        for (text, millis) in [
            ("0", 0),
            ("90", 90_000),
            ("+2s", 2_000),
            ("-2s", -2_000),
            ("-1", -1_000),
            ("1m30s", 90_000),
            ("250ms", 250),
            ("-1h", -3_600_000),
        ] {
            assert_eq!(
                offset(text),
                Ok(SignedDuration::from_millis(millis)),
                "{text}"
            );
        }
    }

    #[test]
    fn refuses_nonsense() {
        for text in ["", "-", "s", "+-2", "1y", "99999999999999999999"] {
            assert!(offset(text).is_err(), "{text}");
        }
        assert!(span("-1s").is_err());
    }
}
