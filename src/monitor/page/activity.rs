//! The last refusals, rate limits, waits, renewals and failures.

use jiff::SignedDuration;
use maud::{Markup, html};

use super::wording::{age_text, readable_duration, time_since};
use crate::proxy::{ProxyEvent, ProxyEventKind, ProxyStatus};

/// Successive events of one kind.
struct EventGroup<'a> {
    newest: &'a ProxyEvent,
    count: u32,
    waited: SignedDuration,
}

pub(super) fn activity_section(status: &ProxyStatus) -> Markup {
    html! {
        section aria-labelledby="activity" {
            h2 #activity { "Recent events" }
            @if status.events.is_empty() {
                p { "No renewal, refusal, wait or failure yet." }
            } @else {
                ol.events {
                    @for group in grouped(&status.events) {
                        @let age = time_since(&group.newest.at, &status.at);
                        li.problem[group.is_problem()] {
                            span.age { (age_text(age)) }
                            " "
                            span.mark aria-hidden="true" { (group.mark()) }
                            " "
                            span { (group.sentence()) }
                        }
                    }
                }
            }
        }
    }
}

/// Returns the newest group first.
fn grouped(events: &[ProxyEvent]) -> Vec<EventGroup<'_>> {
    let mut groups: Vec<EventGroup<'_>> = Vec::new();
    for event in events.iter().rev() {
        let waited = match event.kind {
            ProxyEventKind::Delayed(time) => SignedDuration::try_from(time).unwrap_or_default(),
            _ => SignedDuration::ZERO,
        };
        match groups.last_mut() {
            Some(group) if is_same_kind(group.newest, event) => {
                group.count += 1;
                group.waited = group.waited.saturating_add(waited);
            }
            _ => groups.push(EventGroup { newest: event, count: 1, waited }),
        }
    }
    groups
}

fn is_same_kind(event: &ProxyEvent, other: &ProxyEvent) -> bool {
    std::mem::discriminant(&event.kind) == std::mem::discriminant(&other.kind)
}

impl EventGroup<'_> {
    fn is_problem(&self) -> bool {
        matches!(self.newest.kind, ProxyEventKind::RefreshFailed | ProxyEventKind::Unauthorized)
    }

    fn mark(&self) -> &'static str {
        match self.newest.kind {
            ProxyEventKind::TokenRenewed => "↻",
            ProxyEventKind::RefreshFailed | ProxyEventKind::Unauthorized => "✕",
            ProxyEventKind::RateLimited => "▲",
            ProxyEventKind::Delayed(_) => "…",
        }
    }

    fn sentence(&self) -> String {
        let count = self.count;
        match (self.newest.kind, count) {
            (ProxyEventKind::TokenRenewed, 1) => "A token was renewed".to_owned(),
            (ProxyEventKind::TokenRenewed, _) => format!("{count} tokens were renewed"),
            (ProxyEventKind::RefreshFailed, 1) => "A renewal failed".to_owned(),
            (ProxyEventKind::RefreshFailed, _) => format!("{count} renewals failed"),
            (ProxyEventKind::Unauthorized, 1) => {
                "The API refused a request with a token of this run (401)".to_owned()
            }
            (ProxyEventKind::Unauthorized, _) => {
                format!("The API refused {count} requests with tokens of this run (401)")
            }
            (ProxyEventKind::RateLimited, 1) => {
                "The API limited the rate of a request (429)".to_owned()
            }
            (ProxyEventKind::RateLimited, _) => {
                format!("The API limited the rate of {count} requests (429)")
            }
            (ProxyEventKind::Delayed(_), _) => {
                let waited = readable_duration(self.waited);
                let requests =
                    if count == 1 { "A request".to_owned() } else { format!("{count} requests") };
                format!("{requests} waited {waited} for the rate limit")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::tests::reading;

    #[test]
    fn successive_events_of_one_kind_are_one_line_and_the_newest_comes_first() {
        let event = |second, kind| ProxyEvent { at: reading(second, second), kind };
        let events = [
            event(1, ProxyEventKind::TokenRenewed),
            event(2, ProxyEventKind::Delayed(Duration::from_secs(2))),
            event(3, ProxyEventKind::Delayed(Duration::from_secs(3))),
            event(4, ProxyEventKind::RateLimited),
        ];
        let groups = grouped(&events);
        let sentences: Vec<_> =
            groups.iter().map(|group| group.sentence().replace('\u{a0}', " ")).collect();
        let expected = [
            "The API limited the rate of a request (429)",
            "2 requests waited 5 s for the rate limit",
            "A token was renewed",
        ];
        assert_eq!(sentences, expected);
        assert_eq!(groups[1].newest.at, reading(3, 3));
    }
}
