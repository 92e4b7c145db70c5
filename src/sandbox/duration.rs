//! Durations in the sandbox's options. Offsets of clocks may be negative.

use std::time::Duration;

use jiff::SignedDuration;

use crate::duration::parse;

/// Parses a duration with or without a sign: `90`, `1m30s`, `-2s`, `+2s`. An error is a
/// sentence that quotes the text.
pub fn offset(text: &str) -> Result<SignedDuration, String> {
    let (sign, amount) = match text.strip_prefix('-') {
        Some(amount) => (-1, amount),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    match parse(amount) {
        Ok(amount) => Ok(amount * sign),
        Err(_) => Err(format!("{text:?} is not a duration such as 10s, 1m30s or -2s")),
    }
}

pub fn non_negative(text: &str) -> Result<Duration, String> {
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
            assert_eq!(offset(text), Ok(SignedDuration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn refuses_nonsense() {
        for text in ["", "-", "s", "+-2", "1y", "99999999999999999999"] {
            assert!(offset(text).is_err(), "{text}");
        }
        assert!(non_negative("-1s").is_err());
    }
}
