//! Durations as people write and read them.

use std::fmt;

use jiff::fmt::friendly::{Direction, Spacing, SpanParser, SpanPrinter};
use jiff::{SignedDuration, SpanRelativeTo};

/// A leap year: no setting needs more.
const MAX: SignedDuration = SignedDuration::from_hours(366 * 24);

/// `Display` is a clause that follows the text and its origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DurationError {
    Empty,
    Negative,
    TooLong,
    Unreadable,
}

/// Parses `90` (seconds), `250ms`, `5s`, `1m30s`, `1h 30m`, `1.5h`, `2d`, and
/// the longer spellings of jiff's friendly format (`2 hours`). A day has 24
/// hours, a week 7 days; months and years have no fixed length and are refused.
///
/// # Errors
/// A [`DurationError`] for anything else.
pub fn parse(text: &str) -> Result<SignedDuration, DurationError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(DurationError::Empty);
    }
    match text.strip_prefix('-').map(parse_unsigned) {
        None => parse_unsigned(text),
        Some(Err(DurationError::Unreadable)) => Err(DurationError::Unreadable),
        Some(_) => Err(DurationError::Negative),
    }
}

/// `1h2m3s`, `4m12s`, `5s`, `250ms`, `-3s`: whole seconds from one second on,
/// whole milliseconds below. Truncated, so that no token seems to live longer than it
/// does. `parse` reads it back.
pub fn human(duration: SignedDuration) -> String {
    const PRINTER: SpanPrinter =
        SpanPrinter::new().spacing(Spacing::None).direction(Direction::Sign);
    let nanos = duration.subsec_nanos();
    let below = match duration.as_secs() {
        0 => nanos % 1_000_000,
        _ => nanos,
    };
    PRINTER.duration_to_string(&(duration - SignedDuration::from_nanos(below.into())))
}

fn parse_unsigned(text: &str) -> Result<SignedDuration, DurationError> {
    match read_duration(text) {
        Some(duration) if duration.is_negative() => Err(DurationError::Negative),
        Some(duration) if duration <= MAX => Ok(duration),
        Some(_) => Err(DurationError::TooLong),
        // jiff does not say whether a number was too large or something else
        // is wrong: with small numbers, only the latter is left.
        None if read_duration(&with_small_numbers(text)).is_some() => Err(DurationError::TooLong),
        None => Err(DurationError::Unreadable),
    }
}

fn read_duration(text: &str) -> Option<SignedDuration> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().map(SignedDuration::from_secs).ok();
    }
    static PARSER: SpanParser = SpanParser::new();
    let span = PARSER.parse_span(text).ok()?;
    span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()
}

/// `1234h56m` becomes `1h5m`; digits of a fraction stay.
fn with_small_numbers(text: &str) -> String {
    let mut small = String::new();
    let mut in_fraction = false;
    for char in text.chars() {
        if !char.is_ascii_digit() {
            in_fraction = matches!(char, '.' | ',');
        } else if !in_fraction && small.ends_with(|last: char| last.is_ascii_digit()) {
            continue;
        }
        small.push(char);
    }
    small
}

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DurationError::Empty => "is empty; write a duration such as 90, 5s, 1m30s or 1h",
            DurationError::Negative => "is negative; a duration starts at 0",
            DurationError::TooLong => "is longer than 366 days",
            DurationError::Unreadable => {
                "is not a duration; write one such as 90 (seconds), 5s, 1m30s or 1h"
            }
        })
    }
}

impl std::error::Error for DurationError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::Config;

    use super::*;

    #[test]
    fn people_write_durations_in_many_ways() {
        for (text, millis) in [
            ("0", 0),
            ("0s", 0),
            ("5s", 5_000),
            ("90", 90_000),
            (" 90 ", 90_000),
            ("007", 7_000),
            ("1m30s", 90_000),
            ("1h", 3_600_000),
            ("1h 30m", 5_400_000),
            ("250ms", 250),
            ("1.5s", 1_500),
            ("2d", 172_800_000),
            ("1w", 604_800_000),
            ("2 hours", 7_200_000),
            ("366d", 31_622_400_000),
            ("31622400", 31_622_400_000),
        ] {
            assert_eq!(parse(text), Ok(SignedDuration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_refused_says_why() {
        use DurationError::*;
        for (text, why) in [
            ("", Empty),
            (" \t", Empty),
            ("-5s", Negative),
            ("-5", Negative),
            ("--5s", Negative),
            ("-", Unreadable),
            ("-soon", Unreadable),
            ("5s ago", Negative),
            ("-99999999999h", Negative),
            ("366d1s", TooLong),
            ("31622401", TooLong),
            ("99999999999999999999", TooLong),
            ("9.9999999999s", Unreadable),
            ("99999999999999999999s", TooLong),
            ("9999999999999h", TooLong),
            ("soon", Unreadable),
            ("5x", Unreadable),
            ("s", Unreadable),
            ("5s5", Unreadable),
            ("1e3", Unreadable),
            ("0x10", Unreadable),
            ("5s; id", Unreadable),
            ("\u{665}s", Unreadable),
            ("1mo", Unreadable),
            ("1y", Unreadable),
            ("PT5S", Unreadable),
        ] {
            assert_eq!(parse(text), Err(why), "{text}");
        }
        assert_eq!(Negative.to_string(), "is negative; a duration starts at 0");
    }

    #[test]
    fn durations_are_shown_short_and_never_too_long() {
        for (millis, shown) in [
            (0, "0s"),
            (250, "250ms"),
            (999, "999ms"),
            (1_000, "1s"),
            (4_999, "4s"),
            (252_000, "4m12s"),
            (3_720_000, "1h2m"),
            (3_723_999, "1h2m3s"),
            (86_400_000, "24h"),
            (-3_900, "-3s"),
            (-250, "-250ms"),
        ] {
            assert_eq!(human(SignedDuration::from_millis(millis)), shown);
        }
        assert_eq!(human(SignedDuration::from_nanos(999_999)), "0s");
        assert_eq!(human(SignedDuration::MIN), "-2562047788015215h30m8s");
    }

    proptest! {
        #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

        #[test]
        fn no_text_makes_it_panic(text in "\\PC*") {
            let _ = parse(&text);
        }

        #[test]
        fn nothing_near_a_duration_makes_it_panic(text in "[-+ ]?([0-9]{1,25}[.,]?[0-9]{0,10} ?(ns|us|ms|s|m|h|d|w|mo|y|x)?[ ,:]?){0,5}( ago)?") {
            if let Ok(duration) = parse(&text) {
                prop_assert!(duration >= SignedDuration::ZERO && duration <= MAX);
            }
        }

        #[test]
        fn what_is_shown_is_read_back(millis in 0_i64..=31_622_400_000) {
            let duration = SignedDuration::from_millis(millis);
            let cut = match duration.as_secs() {
                0 => duration,
                seconds => SignedDuration::from_secs(seconds),
            };
            prop_assert_eq!(parse(&human(duration)), Ok(cut));
        }
    }
}
