//! The chart as lines of text, in ASCII and at most 80 columns wide.

use super::axis::TimeAxis;
use super::{ClockChart, tick_label};
use crate::clock::Offset;
use crate::duration::human;

const NAMES: usize = 13;

/// Columns of the drawing; as many as the longest offset leaves of 80, with an indent of 2.
const PLOT: usize = 36;

impl ClockChart {
    pub(crate) fn lines(&self) -> Vec<String> {
        let axis = &self.axis();
        let offset = |offset: Option<Offset>| {
            offset.map_or_else(|| "not measured".to_owned(), |offset| offset.to_string())
        };
        let mut lines = vec![
            row("this machine", &local_row(axis), ""),
            row("issuer", &interval_row(axis, self.issuer, '-'), &offset(self.issuer)),
            row("API", &interval_row(axis, self.api, '-'), &offset(self.api)),
        ];
        if let Some(skew) = self.skew_band() {
            lines.push(row("skew", &band_row(axis, skew), &human(self.skew)));
        }
        let (ticks, labels) = scale_rows(axis, self);
        lines.extend([row("", &ticks, ""), row("", &labels, ""), String::new()]);
        lines
            .push("[-] between these bounds, a clock shows now: further right is later".to_owned());
        if self.skew_band().is_some() {
            let legend = "=== the skew, counted from the issuer: the API may be up to its end";
            lines.push(legend.to_owned());
        }
        lines
    }
}

fn row(name: &str, plot: &str, label: &str) -> String {
    format!("{name:<NAMES$}{plot:<PLOT$} {label}").trim_end().to_owned()
}

fn column(axis: &TimeAxis, moment: f64) -> usize {
    let last = (PLOT - 1) as f64;
    (axis.percent(moment) / 100.0 * last).round() as usize
}

fn local_row(axis: &TimeAxis) -> String {
    let at = column(axis, 0.0);
    if axis.contains(0.0) {
        format!("{:at$}|", "")
    } else if at == 0 {
        "< off the scale".to_owned()
    } else {
        format!("{:>PLOT$}", "off the scale >")
    }
}

fn interval_row(axis: &TimeAxis, offset: Option<Offset>, fill: char) -> String {
    let Some(offset) = offset else {
        return String::new();
    };
    let (start, end) = ends(axis, offset);
    if start == end {
        return format!("{:start$}|", "");
    }
    let inside: String = std::iter::repeat_n(fill, end - start - 1).collect();
    format!("{:start$}[{inside}]", "")
}

/// Not drawn with `#`, as two of them begin a command to Azure Pipelines.
fn band_row(axis: &TimeAxis, band: Offset) -> String {
    let (start, end) = ends(axis, band);
    format!("{:start$}{}", "", "=".repeat(end - start + 1))
}

fn ends(axis: &TimeAxis, offset: Offset) -> (usize, usize) {
    let start = column(axis, offset.min.as_secs_f64());
    (start, column(axis, offset.max.as_secs_f64()).max(start))
}

/// Returns the line of the axis, and the labels below its ticks. A label without room is
/// left out.
fn scale_rows(axis: &TimeAxis, chart: &ClockChart) -> (String, String) {
    let (origin, zero) = chart.origin(axis);
    let mut line = vec!['-'; PLOT];
    let mut labels = String::new();
    for tick in axis.ticks(origin) {
        let at = column(axis, origin + tick);
        line[at] = '+';
        let label = if tick == 0.0 { zero.to_owned() } else { tick_label(tick, "-") };
        let start = at.saturating_sub(label.len() / 2).min(PLOT - label.len());
        if labels.is_empty() || start > labels.len() {
            labels += &format!("{:width$}{label}", "", width = start - labels.len());
        }
    }
    (line.into_iter().collect(), labels)
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};
    use proptest::prelude::*;
    use proptest::test_runner::Config;

    use super::*;

    fn chart(issuer: Option<(i64, i64)>, api: Option<(i64, i64)>) -> ClockChart {
        let offset = |(min, max)| Offset {
            min: SignedDuration::from_millis(min),
            max: SignedDuration::from_millis(max),
        };
        let skew = SignedDuration::from_secs(5);
        let at = Timestamp::UNIX_EPOCH;
        let (issuer, api) = (issuer.map(offset), api.map(offset));
        ClockChart { at, issuer, api, skew, effective_skew: skew }
    }

    #[test]
    fn the_clocks_and_the_skew_stand_above_one_scale() {
        let drawn = chart(Some((-500, 500)), Some((2_000, 3_000))).lines();
        assert_eq!(
            drawn,
            [
                "this machine      |",
                "issuer         [-----]                            0.0s ahead (+/- 0.5s)",
                "API                           [------]            2.5s ahead (+/- 0.5s)",
                "skew           ================================   5s",
                "             -----+-----------+------------+-----",
                "                  0         +2 s         +4 s",
                "",
                "[-] between these bounds, a clock shows now: further right is later",
                "=== the skew, counted from the issuer: the API may be up to its end",
            ]
        );
    }

    #[test]
    fn a_machine_that_is_far_away_is_off_the_scale() {
        let far = chart(Some((3_600_000, 3_601_000)), Some((3_602_000, 3_603_500)));
        assert_eq!(
            far.lines()[..6],
            [
                "this machine < off the scale",
                "issuer         [-----]                            1h1s ahead (+/- 0.5s)",
                "API                        [---------]            1h3s ahead (+/- 0.8s)",
                "skew           ================================   5s",
                "             --+-----------+------------+--------",
                "             issuer      +2 s         +4 s",
            ]
        );
        let [issuer, api] = [(-3_601_000, -3_600_000), (-3_598_000, -3_597_000)];
        assert!(chart(Some(issuer), Some(api)).lines()[0].ends_with(" off the scale >"));
    }

    proptest! {
        #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

        #[test]
        fn any_clocks_fit_80_columns(
            issuer in prop::option::of((-400_000_000_000_i64..400_000_000_000, 0_i64..9_000)),
            api in prop::option::of((-400_000_000_000_i64..400_000_000_000, 0_i64..9_000)),
        ) {
            let [issuer, api] = [issuer, api].map(|clock| clock.map(|(min, size)| (min, min + size)));
            for line in chart(issuer, api).lines() {
                prop_assert!(line.is_ascii() && line.len() <= 78, "{line:?}");
            }
        }
    }
}
