//! Draws several clocks at one moment as positions on a line.

use jiff::SignedDuration;

use crate::clock::Offset;

/// Characters.
const WIDTH: usize = 41;

const THIS_MACHINE: Offset = Offset { min: SignedDuration::ZERO, max: SignedDuration::ZERO };

/// Draws a line for this machine and one for each clock, to the same scale. Later is further
/// to the right; `[` and `]` are the bounds of an offset, `|` is their middle.
pub(super) fn draw(clocks: &[(&str, Offset)]) -> Vec<String> {
    let rows = [("this machine", THIS_MACHINE)];
    let rows = rows.iter().chain(clocks);
    let start = rows.clone().map(|(_, offset)| offset.min).min();
    let end = rows.clone().map(|(_, offset)| offset.max).max();
    let scale = Scale {
        start: start.unwrap_or_default().as_secs_f64(),
        end: end.unwrap_or_default().as_secs_f64(),
    };
    rows.map(|(name, offset)| {
        let label = match *offset {
            THIS_MACHINE => String::new(),
            _ => format!("  {offset}"),
        };
        format!("{name:<14}{}{label}", scale.draw_row(offset))
    })
    .collect()
}

/// The times at both ends of the line, in seconds relative to this machine's clock.
struct Scale {
    start: f64,
    end: f64,
}

impl Scale {
    fn draw_row(&self, offset: &Offset) -> String {
        let mut row = vec!['.'; WIDTH];
        let column = |time: SignedDuration| self.column_of(time.as_secs_f64());
        row[column(offset.min)] = '[';
        row[column(offset.max)] = ']';
        row[column(offset.middle())] = '|';
        row.into_iter().collect()
    }

    fn column_of(&self, seconds: f64) -> usize {
        let span = self.end - self.start;
        if span <= 0.0 {
            return WIDTH / 2;
        }
        let last = (WIDTH - 1) as f64;
        ((seconds - self.start) / span * last).round().clamp(0.0, last) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offset(min: i64, max: i64) -> Offset {
        Offset { min: SignedDuration::from_millis(min), max: SignedDuration::from_millis(max) }
    }

    #[test]
    fn clocks_stand_where_they_are_and_as_wide_as_they_are_uncertain() {
        let drawn = draw(&[("issuer", offset(-2_000, -1_000)), ("API", offset(1_000, 2_000))]);
        assert_eq!(
            drawn,
            [
                "this machine  ....................|....................",
                "issuer        [....|....]..............................  1.5s behind (+/- 0.5s)",
                "API           ..............................[....|....]  1.5s ahead (+/- 0.5s)",
            ]
        );
    }

    #[test]
    fn any_offset_can_be_drawn() {
        let decade = 10 * 366 * 86_400_000;
        let cases: &[&[(&str, Offset)]] = &[
            &[],
            &[("zero", offset(0, 0))],
            &[("huge", offset(decade, decade + 1))],
            &[("huge", offset(-decade, -decade))],
            &[("all", Offset { min: SignedDuration::MIN, max: SignedDuration::MAX })],
        ];
        for clocks in cases {
            for row in draw(clocks) {
                let line: String = row.chars().skip(14).take(WIDTH).collect();
                assert!(line.contains('|'), "{row}");
                assert!(line.chars().all(|mark| "[|].".contains(mark)), "{row}");
            }
        }
        let far = draw(&[("API", offset(decade, decade))]);
        assert_eq!(far[0].find('|'), Some(14));
        assert_eq!(far[1].find('|'), Some(14 + WIDTH - 1));
    }
}
