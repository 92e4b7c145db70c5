//! The last refusals, rate limits, waits, renewals and failures.

use jiff::SignedDuration;
use maud::{Markup, html};

use crate::proxy::{ProxyEvent, ProxyEventKind, ProxyStatus};
use crate::wording::{age_text, readable_duration, time_since};

pub(super) fn activity_section(status: &ProxyStatus) -> Markup {
    html! {
        section aria-labelledby="activity" {
            h2 #activity { "Recent events" }
            @if status.events.is_empty() {
                p { "No renewal, refusal, wait or failure yet." }
            } @else {
                ol.events {
                    @for event in status.events.iter().rev() {
                        li.problem[is_problem(event.kind)] {
                            span.age { (age_text(time_since(&event.last, &status.at))) }
                            " "
                            span.mark aria-hidden="true" { (mark_of(event.kind)) }
                            " "
                            span { (sentence(event)) }
                        }
                    }
                }
            }
        }
    }
}

fn is_problem(kind: ProxyEventKind) -> bool {
    matches!(kind, ProxyEventKind::RefreshFailed | ProxyEventKind::Unauthorized)
}

fn mark_of(kind: ProxyEventKind) -> &'static str {
    match kind {
        ProxyEventKind::TokenRenewed => "↻",
        ProxyEventKind::RefreshFailed | ProxyEventKind::Unauthorized => "✕",
        ProxyEventKind::RateLimited | ProxyEventKind::NoTokenInTime => "▲",
        ProxyEventKind::Delayed(_) => "…",
    }
}

fn sentence(event: &ProxyEvent) -> String {
    let count = event.count;
    let several = |one: &str, many: &str| {
        if count == 1 { one.to_owned() } else { format!("{count} {many}") }
    };
    let text = match event.kind {
        ProxyEventKind::TokenRenewed => several("A token was renewed", "tokens were renewed"),
        ProxyEventKind::RefreshFailed => several("A renewal failed", "renewals failed"),
        ProxyEventKind::Unauthorized => several(
            "The API refused a request with a token of this run (401)",
            "requests with tokens of this run were refused by the API (401)",
        ),
        ProxyEventKind::RateLimited => several(
            "The API’s rate limit refused a request (429)",
            "requests were refused by the API’s rate limit (429)",
        ),
        ProxyEventKind::NoTokenInTime => several(
            "A request got 429, as no token was open in time",
            "requests got 429, as no token was open in time",
        ),
        ProxyEventKind::Delayed(time) => {
            let time = readable_duration(SignedDuration::try_from(time).unwrap_or_default());
            let requests = several("A request", "requests");
            return format!("{requests} waited for the rate limit, {time} in all");
        }
    };
    let period = time_since(&event.first, &event.last);
    if count == 1 || period.as_secs() < 60 {
        return text;
    }
    format!("{text} in {}", readable_duration(period))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::tests::reading;

    #[test]
    fn events_say_how_many_there_were_and_in_which_time() {
        let text = |kind, last, count| {
            let event = ProxyEvent { first: reading(0, 0), last: reading(last, 0), kind, count };
            sentence(&event).replace('\u{a0}', " ")
        };
        assert_eq!(text(ProxyEventKind::TokenRenewed, 0, 1), "A token was renewed");
        assert_eq!(text(ProxyEventKind::RefreshFailed, 59, 3), "3 renewals failed");
        assert_eq!(text(ProxyEventKind::RefreshFailed, 330, 9), "9 renewals failed in 5 min 30 s");
        let delayed = ProxyEventKind::Delayed(Duration::from_secs(8));
        assert_eq!(text(delayed, 90, 2), "2 requests waited for the rate limit, 8 s in all");
    }
}
