//! The tokens of the pool: how long each can be used, and what is left of its minute.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

use crate::clock::shift_clamped;
use crate::proxy::{PooledToken, ProxyStatus, RateWindow};
use crate::wording::{age_text, counted, readable_duration, time_of_day};

/// A token whose remaining part of the lifetime is below this is nearly over.
const LOW: f64 = 0.1;

pub(super) fn tokens_section(status: &ProxyStatus) -> Markup {
    let issuer = status.issuer_clock.as_ref().and_then(|clock| clock.remote_time(&status.at));
    let now = issuer.map_or(status.at.wall, |(earliest, _)| earliest);
    html! {
        section aria-labelledby="tokens" {
            h2 #tokens { "Tokens" }
            @if status.tokens.is_empty() {
                p { "There is no token yet." }
            } @else {
                table {
                    caption {
                        (counted(status.tokens.len(), "token")) ". Ends are by "
                        @if issuer.is_some() { "the issuer’s clock" } @else { "this machine’s clock" }
                        ", in UTC, after the skew is deducted."
                    }
                    thead {
                        tr {
                            th scope="col" { "Slot" }
                            th scope="col" { "Usable for" }
                            th scope="col" { "Requests this minute" }
                        }
                    }
                    tbody { @for token in &status.tokens { (token_row(token, now)) } }
                }
            }
        }
    }
}

fn token_row(token: &PooledToken, now: Timestamp) -> Markup {
    let part = remaining_part(token);
    let class = if part <= 0.0 {
        "over"
    } else if part < LOW {
        "low"
    } else {
        "left"
    };
    html! {
        tr {
            th scope="row" { (token.slot) }
            td {
                (meter(part, class))
                @if token.remaining.is_positive() {
                    b { (readable_duration(token.remaining)) }
                    small { "until " (time_of_day(shift_clamped(now, token.remaining), now)) }
                } @else {
                    b.problem { "✕ expired" }
                    small { (age_text(token.remaining)) }
                }
            }
            td { (rate_cell(token)) }
        }
    }
}

fn rate_cell(token: &PooledToken) -> Markup {
    let is_closed = token.closed_for.is_some();
    html! {
        @match token.window {
            Some(window) => (window_text(window, is_closed)),
            None => {
                (meter(0.0, "used"))
                @if !is_closed { span.muted { "none yet" } }
            }
        }
        @if let Some(time) = token.closed_for {
            small.attention { "▲ closed for " (readable_duration(saturated(time))) ", after a 429" }
        }
    }
}

fn window_text(window: RateWindow, is_closed: bool) -> Markup {
    let used = part_of(f64::from(window.requests), f64::from(window.limit));
    html! {
        (meter(used, if is_closed { "closed" } else { "used" }))
        b { (window.requests) " of " (window.limit) }
        @if !is_closed {
            small { "anew in " (readable_duration(saturated(window.remaining))) }
        }
    }
}

/// The text beside a meter says the same.
fn meter(part: f64, class: &str) -> Markup {
    html! {
        svg.meter width="100%" height="6" aria-hidden="true" {
            rect.track width="100%" height="6" rx="3" {}
            rect class=(class) width=(format!("{:.2}%", 100.0 * part)) height="6" rx="3" {}
        }
    }
}

fn remaining_part(token: &PooledToken) -> f64 {
    part_of(token.remaining.as_secs_f64(), token.lifetime.as_secs_f64())
}

/// Between 0 and 1 whatever the operands are.
fn part_of(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { (part / whole).clamp(0.0, 1.0) } else { 0.0 }
}

fn saturated(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stay_between_nothing_and_all() {
        assert_eq!(part_of(30.0, 60.0), 0.5);
        for (part, whole, expected) in [
            (-1.0, 60.0, 0.0),
            (61.0, 60.0, 1.0),
            (1.0, 0.0, 0.0),
            (0.0, 0.0, 0.0),
            (1.0, -60.0, 0.0),
        ] {
            assert_eq!(part_of(part, whole), expected, "{part} of {whole}");
        }
    }
}
