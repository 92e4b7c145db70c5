//! Whether the run can serve its clients, and why not.

use jiff::SignedDuration;
use maud::{Markup, html};

use crate::proxy::{PooledToken, ProxyEventKind, ProxyStatus, RunTotals};
use crate::sanitize;
use crate::wording::{counted, grouped_digits, readable_duration, time_of_day, time_since};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    Ready,
    RateLimited,
    /// A token can be used, but the last attempt to renew one failed.
    RenewalFailing,
    NotReady,
}

pub(super) fn headline(status: &ProxyStatus) -> Markup {
    let health = Health::of(status);
    let running = readable_duration(time_since(&status.started, &status.at));
    let started = time_of_day(status.started.wall, status.at.wall);
    html! {
        header class=(health.class()) {
            h1 {
                span.mark aria-hidden="true" { (health.mark()) }
                " "
                span.title { (health.title()) }
            }
            p role="status" { (health.explanation(status)) }
            @if let Some(outage) = &status.outage {
                p.problem { "The last renewal failed: " (sanitize::line(outage)) }
            }
            p.muted {
                "gc-token " (env!("CARGO_PKG_VERSION")) ", running for " (running)
                " since " (started) " UTC by this machine’s clock"
            }
            (totals_list(&status.totals))
        }
    }
}

fn totals_list(totals: &RunTotals) -> Markup {
    let waited = SignedDuration::try_from(totals.waited).unwrap_or(SignedDuration::MAX);
    html! {
        dl.totals {
            div { dt { "requests" } dd { (grouped_digits(totals.requests)) } }
            div { dt { "tokens renewed" } dd { (grouped_digits(totals.renewed)) } }
            div { dt { "replayed after a 401" } dd { (grouped_digits(totals.replayed)) } }
            div {
                dt {
                    "waited for the rate limit"
                    @if totals.delayed > 0 { ", " (readable_duration(waited)) " in all" }
                }
                dd { (grouped_digits(totals.delayed)) }
            }
        }
    }
}

fn is_held_back(token: &PooledToken) -> bool {
    let is_used_up = token.window.is_some_and(|window| window.requests >= window.limit);
    token.closed_for.is_some() || is_used_up
}

impl Health {
    pub(super) fn of(status: &ProxyStatus) -> Health {
        let mut usable = status.tokens.iter().filter(|token| token.remaining.is_positive());
        let last_renewal = status.events.iter().rev().find_map(|event| match event.kind {
            ProxyEventKind::TokenRenewed => Some(true),
            ProxyEventKind::RefreshFailed => Some(false),
            _ => None,
        });
        if !status.is_ready() {
            Health::NotReady
        } else if usable.all(is_held_back) {
            Health::RateLimited
        } else if status.outage.is_some() || last_renewal == Some(false) {
            Health::RenewalFailing
        } else {
            Health::Ready
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Health::Ready => "Ready",
            Health::RateLimited => "Held back by the rate limit",
            Health::RenewalFailing => "Ready, but renewals fail",
            Health::NotReady => "Not ready",
        }
    }

    /// Holds nothing that changes each second: screen readers announce it when it changes.
    fn explanation(self, status: &ProxyStatus) -> String {
        let total = status.tokens.len();
        let usable = status.tokens.iter().filter(|token| token.remaining.is_positive()).count();
        match self {
            Health::Ready if usable == total => {
                format!("Requests are forwarded with {}.", counted(total, "token"))
            }
            Health::Ready => {
                format!("Requests are forwarded with {usable} of {}.", counted(total, "token"))
            }
            Health::RateLimited => {
                "Every token is at the API’s rate limit. Requests wait for one of them, or get a \
                 429."
                    .to_owned()
            }
            Health::RenewalFailing => "Requests are forwarded with the tokens that are left, and \
                                       renewing is tried again."
                .to_owned(),
            Health::NotReady if total == 0 => "There is no token yet.".to_owned(),
            Health::NotReady => "Every token has expired, and none could be renewed. Requests get \
                                 an error until that succeeds."
                .to_owned(),
        }
    }

    fn mark(self) -> &'static str {
        match self {
            Health::Ready => "✓",
            Health::RateLimited | Health::RenewalFailing => "▲",
            Health::NotReady => "✕",
        }
    }

    fn class(self) -> &'static str {
        match self {
            Health::Ready => "good",
            Health::RateLimited | Health::RenewalFailing => "attention",
            Health::NotReady => "bad",
        }
    }
}
