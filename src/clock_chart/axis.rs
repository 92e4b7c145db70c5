//! The common axis of the clocks: from seconds to percent of the drawing's width.

/// Moments are in seconds relative to this machine's clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct TimeAxis {
    start: f64,
    end: f64,
}

/// The drawing's width that is left free at either end, as a part of the axis.
const MARGIN: f64 = 0.08;

/// The shortest axis, in seconds.
const MIN_LENGTH: f64 = 2.0;

const MAX_TICKS: f64 = 4.0;

/// Another clock that is farther away than this many lengths of the others would leave them
/// no room.
const MAX_DISTANCE: f64 = 8.0;

/// Some 30,000 years; a larger number has no digits left for parts of a second.
const MAX_MOMENT: f64 = 1e12;

const STEPS: [f64; 22] = [
    0.5,
    1.0,
    2.0,
    5.0,
    10.0,
    15.0,
    30.0,
    60.0,
    120.0,
    300.0,
    600.0,
    1_800.0,
    3_600.0,
    7_200.0,
    21_600.0,
    43_200.0,
    86_400.0,
    2.0 * 86_400.0,
    7.0 * 86_400.0,
    30.0 * 86_400.0,
    100.0 * 86_400.0,
    365.0 * 86_400.0,
];

impl TimeAxis {
    /// Covers all of `moments`, and this machine's clock if that is not far away from them.
    pub(super) fn covering(moments: &[f64]) -> TimeAxis {
        let moments = || moments.iter().copied().map(bounded);
        let mut start = moments().reduce(f64::min).unwrap_or(0.0);
        let mut end = moments().reduce(f64::max).unwrap_or(0.0);
        let reach = MAX_DISTANCE * (end - start).max(MIN_LENGTH);
        if start - reach <= 0.0 && end + reach >= 0.0 {
            (start, end) = (start.min(0.0), end.max(0.0));
        }
        let missing = (MIN_LENGTH - (end - start)).max(0.0);
        let margin = MARGIN * (end - start + missing) + missing / 2.0;
        TimeAxis { start: start - margin, end: end + margin }
    }

    pub(super) fn contains(&self, moment: f64) -> bool {
        (self.start..=self.end).contains(&bounded(moment))
    }

    /// The moment's place in percent of the width, between 0 and 100.
    pub(super) fn percent(&self, moment: f64) -> f64 {
        (100.0 * (bounded(moment) - self.start) / (self.end - self.start)).clamp(0.0, 100.0)
    }

    /// Round distances from `origin`.
    pub(super) fn ticks(&self, origin: f64) -> Vec<f64> {
        let length = self.end - self.start;
        let step = STEPS.into_iter().find(|step| length / step <= MAX_TICKS);
        let step = step.unwrap_or_else(|| {
            let longest = STEPS[STEPS.len() - 1];
            (length / MAX_TICKS / longest).ceil() * longest
        });
        let first = ((self.start - origin) / step).ceil();
        let ticks = (0..=MAX_TICKS as i32).map(|index| (first + f64::from(index)) * step);
        ticks.take_while(|tick| origin + tick <= self.end).collect()
    }
}

fn bounded(moment: f64) -> f64 {
    moment.clamp(-MAX_MOMENT, MAX_MOMENT)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::Config;

    use super::*;

    #[test]
    fn this_machine_is_on_the_axis_unless_it_is_far_away() {
        let near = TimeAxis::covering(&[1.5, 2.5, 6.5]);
        assert!(near.contains(0.0) && near.contains(6.5));
        assert_eq!(near.ticks(0.0), [0.0, 2.0, 4.0, 6.0]);
        let far = TimeAxis::covering(&[3_600.0, 3_601.0, 3_606.0]);
        assert!(!far.contains(0.0) && far.contains(3_606.0));
        assert_eq!(far.ticks(3_600.0), [0.0, 2.0, 4.0, 6.0]);
        assert!(TimeAxis::covering(&[]).contains(0.0));
    }

    proptest! {
        #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

        #[test]
        fn every_moment_is_on_the_axis(
            moments in prop::collection::vec(
                prop_oneof![-20.0..20.0, -4e8..4e8, -1e19..1e19], 0..6),
            origin in -1e19..1e19,
        ) {
            let axis = TimeAxis::covering(&moments);
            let mut sorted = moments.clone();
            sorted.sort_by(f64::total_cmp);
            let places: Vec<_> = sorted.iter().map(|moment| axis.percent(*moment)).collect();
            prop_assert!(places.is_sorted(), "{places:?}");
            prop_assert!(places.iter().all(|place| (0.0..=100.0).contains(place)), "{places:?}");
            for origin in sorted.first().copied().into_iter().chain([0.0, origin]) {
                let ticks = axis.ticks(origin);
                prop_assert!(ticks.len() <= 5, "{ticks:?}");
                prop_assert!(ticks.iter().all(|tick| tick.is_finite()), "{ticks:?}");
            }
        }
    }
}
