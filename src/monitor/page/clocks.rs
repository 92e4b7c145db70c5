//! The three clocks and the skew, drawn on a common axis.

use jiff::SignedDuration;
use maud::{Markup, html};

use super::axis::TimeAxis;
use super::wording::{
    interval_text, offset_text, precise_duration, probable_time, readable_duration, time_or_date,
};
use crate::clock::Offset;
use crate::proxy::ProxyStatus;

/// The API's clock minus the issuer's, compared with the skew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClockLead {
    Unknown,
    Within(Offset),
    PerhapsBeyond(Offset),
    Beyond(Offset),
}

struct ClockOffsets {
    issuer: Option<Offset>,
    api: Option<Offset>,
}

const LANE_HEIGHT: u32 = 46;
const BAR_Y: u32 = 25;
const AXIS_Y: u32 = 3 * LANE_HEIGHT + 4;

pub(super) fn clocks_section(status: &ProxyStatus) -> Markup {
    let lead = ClockLead::of(status);
    html! {
        section aria-labelledby="clocks" {
            h2 #clocks { "Clocks" }
            p.verdict.problem[lead.needs_attention()] {
                span.mark aria-hidden="true" { (lead.mark()) } " " (lead.sentence(status))
            }
            figure {
                (drawing(status))
                @if ClockOffsets::of(status).issuer.is_some() {
                    figcaption {
                        span.swatch aria-hidden="true" {}
                        "The skew of " (skew_text(status.skew)) ", counted from the issuer’s clock: "
                        "the API’s clock may be anywhere up to its end."
                    }
                }
            }
        }
    }
}

fn drawing(status: &ProxyStatus) -> Markup {
    let offsets = ClockOffsets::of(status);
    let skew = offsets
        .issuer
        .map(|issuer| Offset { min: issuer.min, max: issuer.min.saturating_add(status.skew) });
    let intervals = [offsets.issuer, offsets.api, skew].into_iter().flatten();
    let moments: Vec<_> =
        intervals.flat_map(|Offset { min, max }| [min, max].map(|end| end.as_secs_f64())).collect();
    let axis = TimeAxis::covering(&moments);
    let time = |offset| time_or_date(probable_time(&status.at, offset), status.at.wall);
    let local = Offset { min: SignedDuration::ZERO, max: SignedDuration::ZERO };
    let measured =
        |offset: Option<Offset>| offset.map_or_else(|| "not measured".to_owned(), offset_text);
    html! {
        svg.clocks role="img" aria-labelledby="clocks-title"
            aria-describedby="clocks-text" width="100%"
            height=(AXIS_Y + 24) {
            title #clocks-title { "The clocks of this machine, the issuer and the API" }
            desc #clocks-text { (description(status, &offsets)) }
            @if let Some(skew) = skew {
                (interval_bar(&axis, skew, "skew", 2 * LANE_HEIGHT + BAR_Y - 5, 20))
            }
            (lane(0, "This machine", &time(local), distance_note(&axis)))
            (lane(1, "Issuer", &offsets.issuer.map(time).unwrap_or_default(), &measured(offsets.issuer)))
            (lane(2, "API", &offsets.api.map(time).unwrap_or_default(), &measured(offsets.api)))
            (local_clock(&axis))
            @for (row, offset) in [(1, offsets.issuer), (2, offsets.api)] {
                @if let Some(offset) = offset {
                    (interval_bar(&axis, offset, "clock", row * LANE_HEIGHT + BAR_Y, 10))
                }
            }
            (scale(&axis, &offsets))
        }
    }
}

fn lane(row: u32, name: &str, time: &str, offset: &str) -> Markup {
    let y = row * LANE_HEIGHT;
    html! {
        text x="0" y=(y + 15) { tspan.name { (name) } " " tspan.time { (time) } }
        text x="100%" y=(y + 15) text-anchor="end" { (offset) }
        line.lane x1="0" x2="100%" y1=(y + 30) y2=(y + 30) {}
    }
}

/// Too short an interval would not be visible.
fn interval_bar(axis: &TimeAxis, offset: Offset, class: &str, y: u32, height: u32) -> Markup {
    const MIN_WIDTH: f64 = 0.5;
    let start = axis.percent(offset.min.as_secs_f64()).min(100.0 - MIN_WIDTH);
    let width = (axis.percent(offset.max.as_secs_f64()) - start).max(MIN_WIDTH);
    html! {
        rect class=(class) x=(percentage(start)) width=(percentage(width)) y=(y) height=(height)
            rx="2" {}
    }
}

fn local_clock(axis: &TimeAxis) -> Markup {
    let x = percentage(axis.percent(0.0));
    html! {
        @if axis.contains(0.0) {
            @for row in 1..3 {
                @let y = row * LANE_HEIGHT + BAR_Y;
                line.now x1=(x) x2=(x) y1=(y - 5) y2=(y + 15) {}
            }
            circle.clock cx=(x) cy=(BAR_Y + 5) r="5" {}
        }
    }
}

fn distance_note(axis: &TimeAxis) -> &'static str {
    match axis.percent(0.0) {
        _ if axis.contains(0.0) => "",
        50.0.. => "off the scale →",
        _ => "← off the scale",
    }
}

/// Counts from this machine's clock, or from another one if that is beyond the drawing.
fn scale(axis: &TimeAxis, offsets: &ClockOffsets) -> Markup {
    let start = |offset: Offset| offset.min.as_secs_f64();
    let (origin, zero) = match (offsets.issuer, offsets.api) {
        _ if axis.contains(0.0) => (0.0, "0"),
        (Some(issuer), _) => (start(issuer), "issuer"),
        (None, api) => (api.map_or(0.0, start), "API"),
    };
    html! {
        line.axis x1="0" x2="100%" y1=(AXIS_Y) y2=(AXIS_Y) {}
        @for tick in axis.ticks(origin) {
            @let place = axis.percent(origin + tick);
            @let anchor = match place { ..6.0 => "start", 94.0.. => "end", _ => "middle" };
            line.axis x1=(percentage(place)) x2=(percentage(place)) y1=(AXIS_Y) y2=(AXIS_Y + 4) {}
            text.tick x=(percentage(place)) y=(AXIS_Y + 19) text-anchor=(anchor) {
                @if tick == 0.0 { (zero) } @else { (tick_label(tick)) }
            }
        }
    }
}

fn description(status: &ProxyStatus, offsets: &ClockOffsets) -> String {
    let clock = |name, offset: Option<Offset>| match offset {
        Some(offset) => {
            format!("The {name}’s clock is {} this machine’s.", interval_text(offset))
        }
        None => format!("The {name}’s clock has not been measured."),
    };
    let (issuer, api) = (clock("issuer", offsets.issuer), clock("API", offsets.api));
    format!("{issuer} {api} {}", ClockLead::of(status).sentence(status))
}

/// `5 s`: a skew is mostly given in whole seconds.
fn skew_text(skew: SignedDuration) -> String {
    match skew.subsec_nanos() {
        0 => readable_duration(skew),
        _ => precise_duration(skew),
    }
}

fn percentage(place: f64) -> String {
    format!("{place:.2}%")
}

fn tick_label(seconds: f64) -> String {
    let sign = if seconds < 0.0 { "−" } else { "+" };
    let size = seconds.abs();
    let (unit_size, unit) = match size {
        ..60.0 => (1.0, "s"),
        ..3_600.0 => (60.0, "min"),
        ..86_400.0 => (3_600.0, "h"),
        _ => (86_400.0, "d"),
    };
    format!("{sign}{} {unit}", (100.0 * size / unit_size).round() / 100.0)
}

impl ClockOffsets {
    fn of(status: &ProxyStatus) -> ClockOffsets {
        let issuer = status.issuer_clock.as_ref();
        let api = status.api_clock.as_ref();
        ClockOffsets {
            issuer: issuer.and_then(|clock| clock.offset_at(&status.at)),
            api: api.and_then(|clock| clock.offset_at(&status.at)),
        }
    }
}

impl ClockLead {
    pub(super) fn of(status: &ProxyStatus) -> ClockLead {
        let ClockOffsets { issuer: Some(issuer), api: Some(api) } = ClockOffsets::of(status) else {
            return ClockLead::Unknown;
        };
        let lead = Offset {
            min: api.min.saturating_sub(issuer.max),
            max: api.max.saturating_sub(issuer.min),
        };
        if lead.max <= status.skew {
            ClockLead::Within(lead)
        } else if lead.min <= status.skew {
            ClockLead::PerhapsBeyond(lead)
        } else {
            ClockLead::Beyond(lead)
        }
    }

    fn needs_attention(self) -> bool {
        matches!(self, ClockLead::PerhapsBeyond(_) | ClockLead::Beyond(_))
    }

    fn mark(self) -> &'static str {
        match self {
            ClockLead::Unknown => "?",
            ClockLead::Within(_) => "✓",
            ClockLead::PerhapsBeyond(_) | ClockLead::Beyond(_) => "▲",
        }
    }

    fn sentence(self, status: &ProxyStatus) -> String {
        let skew = skew_text(status.skew);
        let deducted = skew_text(status.effective_skew);
        let consequence = if status.effective_skew > status.skew {
            format!("{deducted} are deducted from every lifetime in its place.")
        } else {
            "It is deducted from every lifetime.".to_owned()
        };
        let (lead, relation) = match self {
            ClockLead::Unknown => {
                return format!(
                    "How far the API’s clock is ahead of the issuer’s has not been measured. The \
                     skew is {skew}. {consequence}"
                );
            }
            ClockLead::Within(lead) => (lead, "within the skew"),
            ClockLead::PerhapsBeyond(lead) => (lead, "perhaps more than the skew"),
            ClockLead::Beyond(lead) => (lead, "more than the skew"),
        };
        let compared = format!(
            "The API’s clock is {} the issuer’s: {relation} of {skew}",
            interval_text(lead)
        );
        match self {
            ClockLead::Within(_) => format!("{compared}."),
            _ => format!("{compared}. {consequence}"),
        }
    }
}

#[cfg(test)]
mod tests;
