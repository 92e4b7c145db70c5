//! The chart as a section of a web page.

use jiff::SignedDuration;
use maud::{Markup, html};

use super::axis::TimeAxis;
use super::lead::{ClockLead, skew_text};
use super::{ClockChart, tick_label};
use crate::clock::Offset;
use crate::wording::{interval_text, offset_text, probable_time, time_or_date};

const LANE_HEIGHT: u32 = 46;
const BAR_Y: u32 = 25;
const AXIS_Y: u32 = 3 * LANE_HEIGHT + 4;

impl ClockChart {
    /// The chart below a sentence that says it.
    pub(crate) fn section(&self) -> Markup {
        section(self)
    }
}

fn section(chart: &ClockChart) -> Markup {
    let lead = ClockLead::of(chart);
    html! {
        section aria-labelledby="clocks" {
            h2 #clocks { "Clocks" }
            p.verdict.problem[lead.needs_attention()] {
                span.mark aria-hidden="true" { (lead.mark()) } " " (lead.sentence(chart))
            }
            figure {
                (drawing(chart))
                @if chart.issuer.is_some() {
                    figcaption {
                        span.swatch aria-hidden="true" {}
                        "The skew of " (skew_text(chart.skew)) ", counted from the issuer’s clock: "
                        "the API’s clock may be anywhere up to its end."
                    }
                }
            }
        }
    }
}

fn drawing(chart: &ClockChart) -> Markup {
    let axis = chart.axis();
    let skew = chart.skew_band();
    let time = |offset| time_or_date(probable_time(chart.at, offset), chart.at);
    let local = Offset { min: SignedDuration::ZERO, max: SignedDuration::ZERO };
    let measured =
        |offset: Option<Offset>| offset.map_or_else(|| "not measured".to_owned(), offset_text);
    html! {
        svg.clocks role="img" aria-labelledby="clocks-title"
            aria-describedby="clocks-text" width="100%"
            height=(AXIS_Y + 24) {
            title #clocks-title { "The clocks of this machine, the issuer and the API" }
            desc #clocks-text { (description(chart)) }
            @if let Some(skew) = skew {
                (interval_bar(&axis, skew, "skew", 2 * LANE_HEIGHT + BAR_Y - 5, 20))
            }
            (lane(0, "This machine", &time(local), distance_note(&axis)))
            (lane(1, "Issuer", &chart.issuer.map(time).unwrap_or_default(), &measured(chart.issuer)))
            (lane(2, "API", &chart.api.map(time).unwrap_or_default(), &measured(chart.api)))
            (local_clock(&axis))
            @for (row, offset) in [(1, chart.issuer), (2, chart.api)] {
                @if let Some(offset) = offset {
                    (interval_bar(&axis, offset, "clock", row * LANE_HEIGHT + BAR_Y, 10))
                }
            }
            (scale(&axis, chart))
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

fn scale(axis: &TimeAxis, chart: &ClockChart) -> Markup {
    let (origin, zero) = chart.origin(axis);
    html! {
        line.axis x1="0" x2="100%" y1=(AXIS_Y) y2=(AXIS_Y) {}
        @for tick in axis.ticks(origin) {
            @let place = axis.percent(origin + tick);
            @let anchor = match place { ..6.0 => "start", 94.0.. => "end", _ => "middle" };
            line.axis x1=(percentage(place)) x2=(percentage(place)) y1=(AXIS_Y) y2=(AXIS_Y + 4) {}
            text.tick x=(percentage(place)) y=(AXIS_Y + 19) text-anchor=(anchor) {
                @if tick == 0.0 { (zero) } @else { (tick_label(tick, "−")) }
            }
        }
    }
}

fn description(chart: &ClockChart) -> String {
    let clock = |name, offset: Option<Offset>| match offset {
        Some(offset) => {
            format!("The {name}’s clock is {} this machine’s.", interval_text(offset))
        }
        None => format!("The {name}’s clock has not been measured."),
    };
    let (issuer, api) = (clock("issuer", chart.issuer), clock("API", chart.api));
    format!("{issuer} {api} {}", ClockLead::of(chart).sentence(chart))
}

fn percentage(place: f64) -> String {
    format!("{place:.2}%")
}

#[cfg(test)]
mod tests;
