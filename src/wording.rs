//! Durations, moments and offsets as pages for people say them.

use jiff::{SignedDuration, Timestamp};

use crate::clock::{Offset, Reading, shift_clamped};

const NBSP: char = '\u{a0}';

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// `4 min 12 s`: the two largest units, truncated, without a sign. The blanks do not break a
/// line.
pub(crate) fn readable_duration(duration: SignedDuration) -> String {
    let seconds = duration.unsigned_abs().as_secs();
    let (large, unit, small, sub_unit) = match seconds {
        0..MINUTE => return format!("{seconds}{NBSP}s"),
        MINUTE..HOUR => (seconds / MINUTE, "min", seconds % MINUTE, "s"),
        HOUR..DAY => (seconds / HOUR, "h", seconds % HOUR / MINUTE, "min"),
        _ => (seconds / DAY, "d", seconds % DAY / HOUR, "h"),
    };
    if small == 0 || seconds >= 100 * DAY {
        return format!("{large}{NBSP}{unit}");
    }
    format!("{large}{NBSP}{unit}{NBSP}{small}{NBSP}{sub_unit}")
}

/// `4 min ago`: the largest unit.
pub(crate) fn age_text(age: SignedDuration) -> String {
    let text = readable_duration(age);
    match text.splitn(3, NBSP).collect::<Vec<_>>()[..] {
        ["0", ..] => "just now".to_owned(),
        [number, unit, ..] => format!("{number}{NBSP}{unit} ago"),
        _ => text,
    }
}

/// `2.1 s`: for the small differences of clocks.
pub(crate) fn precise_duration(duration: SignedDuration) -> String {
    if duration.unsigned_abs().as_secs() >= MINUTE {
        return readable_duration(duration);
    }
    format!("{:.1}{NBSP}s", duration.as_secs_f64().abs())
}

/// `2.1 s ahead ± 0.5 s`, or `same time ± 0.5 s`.
pub(crate) fn offset_text(offset: Offset) -> String {
    let (middle, uncertainty) = (offset.middle(), precise_duration(offset.uncertainty()));
    if middle.unsigned_abs().as_millis() < 50 {
        return format!("same time ± {uncertainty}");
    }
    format!("{} {} ± {uncertainty}", precise_duration(middle), side_of(middle))
}

/// `1.5 s to 2.5 s ahead of`, or `0.2 s behind to 0.6 s ahead of`.
pub(crate) fn interval_text(Offset { min, max }: Offset) -> String {
    let (low, high) = (precise_duration(min), precise_duration(max));
    match (side_of(min), side_of(max)) {
        ("ahead", _) => format!("{low} to {high} ahead of"),
        (_, "behind") => format!("{high} to {low} behind"),
        _ => format!("{low} behind to {high} ahead of"),
    }
}

/// `16:20:11`, after its date unless that is the day of `today`.
pub(crate) fn time_of_day(moment: Timestamp, today: Timestamp) -> String {
    let (date, time) = date_and_time(moment);
    if date == date_and_time(today).0 { time } else { format!("{date} {time}") }
}

/// `16:20:11`, or the date alone unless that is the day of `today`.
pub(crate) fn time_or_date(moment: Timestamp, today: Timestamp) -> String {
    let (date, time) = date_and_time(moment);
    if date == date_and_time(today).0 { time } else { date }
}

/// By the boot clock if both readings are of one boot. Zero for the future.
pub(crate) fn time_since(earlier: &Reading, now: &Reading) -> SignedDuration {
    let since = now.boot_since(earlier).unwrap_or_else(|| now.wall_since(earlier));
    since.max(SignedDuration::ZERO)
}

/// The time that a clock shows in the middle of its interval when the local one shows `now`.
pub(crate) fn probable_time(now: Timestamp, offset: Offset) -> Timestamp {
    shift_clamped(now, offset.middle())
}

/// `1,284`.
pub(crate) fn grouped_digits(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

pub(crate) fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

fn side_of(offset: SignedDuration) -> &'static str {
    if offset.is_negative() { "behind" } else { "ahead" }
}

fn date_and_time(moment: Timestamp) -> (String, String) {
    let text = format!("{moment:.0}");
    let (date, time) = text.split_once('T').unwrap_or(("", &text));
    (date.to_owned(), time.trim_end_matches('Z').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: String) -> String {
        text.replace(NBSP, " ")
    }

    fn offset(min: i64, max: i64) -> Offset {
        Offset { min: SignedDuration::from_millis(min), max: SignedDuration::from_millis(max) }
    }

    #[test]
    fn durations_have_at_most_two_units() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (-61, "1 min 1 s"),
            (3_600, "1 h"),
            (18_720, "5 h 12 min"),
            (273_600, "3 d 4 h"),
            (315_532_801, "3652 d"),
        ] {
            assert_eq!(plain(readable_duration(SignedDuration::from_secs(seconds))), text);
        }
        assert_eq!(plain(readable_duration(SignedDuration::MIN)), "106751991167300 d");
    }

    #[test]
    fn digits_are_grouped_by_thousands() {
        for (number, text) in [(0, "0"), (999, "999"), (1_284, "1,284"), (100_000, "100,000")] {
            assert_eq!(grouped_digits(number), text);
        }
    }

    #[test]
    fn ages_have_one_unit() {
        for (seconds, text) in [(0, "just now"), (9, "9 s ago"), (500, "8 min ago")] {
            assert_eq!(plain(age_text(SignedDuration::from_secs(seconds))), text);
        }
    }

    #[test]
    fn offsets_say_which_side() {
        assert_eq!(plain(offset_text(offset(1_600, 2_600))), "2.1 s ahead ± 0.5 s");
        assert_eq!(plain(offset_text(offset(-700, 300))), "0.2 s behind ± 0.5 s");
        assert_eq!(plain(offset_text(offset(-549, 451))), "same time ± 0.5 s");
        assert_eq!(plain(interval_text(offset(1_500, 2_500))), "1.5 s to 2.5 s ahead of");
        assert_eq!(plain(interval_text(offset(-200, 600))), "0.2 s behind to 0.6 s ahead of");
        assert_eq!(plain(interval_text(offset(-90_000, -60_000))), "1 min to 1 min 30 s behind");
    }

    #[test]
    fn a_time_of_another_day_has_its_date() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = at("2026-03-01T23:59:58.7Z");
        assert_eq!(time_of_day(at("2026-03-01T00:00:01Z"), now), "00:00:01");
        assert_eq!(time_of_day(at("2026-03-02T00:00:01Z"), now), "2026-03-02 00:00:01");
        assert_eq!(time_or_date(at("2026-03-02T00:00:01Z"), now), "2026-03-02");
        assert_eq!(time_or_date(Timestamp::MIN, now), "-009999-01-02");
    }
}
