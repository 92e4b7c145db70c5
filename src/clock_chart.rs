//! The clocks of this machine, the issuer and the API, and the skew, on a common axis: as
//! a section of a web page, and as lines of text.

mod axis;
mod lead;
mod section;
mod text;

use jiff::{SignedDuration, Timestamp};

use crate::clock::Offset;
use axis::TimeAxis;

/// Offsets are relative to this machine's clock.
#[derive(Debug, Clone)]
pub(crate) struct ClockChart {
    pub(crate) at: Timestamp,
    pub(crate) issuer: Option<Offset>,
    pub(crate) api: Option<Offset>,
    /// The configured skew.
    pub(crate) skew: SignedDuration,
    /// Larger than the configured skew if the lead of the API's clock is.
    pub(crate) effective_skew: SignedDuration,
}

impl ClockChart {
    /// The API's clock may be anywhere up to the band's end.
    fn skew_band(&self) -> Option<Offset> {
        let issuer = self.issuer?;
        Some(Offset { min: issuer.min, max: issuer.min.saturating_add(self.skew) })
    }

    fn axis(&self) -> TimeAxis {
        let intervals = [self.issuer, self.api, self.skew_band()].into_iter().flatten();
        let moments: Vec<_> = intervals
            .flat_map(|Offset { min, max }| [min, max].map(|end| end.as_secs_f64()))
            .collect();
        TimeAxis::covering(&moments)
    }

    /// Returns where the axis counts from, and its label: this machine's clock, or another
    /// one if that is beyond the drawing.
    fn origin(&self, axis: &TimeAxis) -> (f64, &'static str) {
        let start = |offset: Offset| offset.min.as_secs_f64();
        match (self.issuer, self.api) {
            _ if axis.contains(0.0) => (0.0, "0"),
            (Some(issuer), _) => (start(issuer), "issuer"),
            (None, api) => (api.map_or(0.0, start), "API"),
        }
    }
}

fn tick_label(seconds: f64, minus: &str) -> String {
    let sign = if seconds < 0.0 { minus } else { "+" };
    let size = seconds.abs();
    let (unit_size, unit) = match size {
        ..60.0 => (1.0, "s"),
        ..3_600.0 => (60.0, "min"),
        ..86_400.0 => (3_600.0, "h"),
        _ => (86_400.0, "d"),
    };
    format!("{sign}{} {unit}", (100.0 * size / unit_size).round() / 100.0)
}
