//! The page for people: the state of a run at a glance, in HTML and SVG. Holds nothing secret.

mod activity;
mod headline;
mod tokens;

use std::sync::LazyLock;

use maud::{Markup, PreEscaped, html};

use crate::clock::OffsetEstimate;
use crate::clock_chart::ClockChart;
use crate::proxy::ProxyStatus;
use crate::web;

const SCRIPT: &str = include_str!("page/script.js");

/// Nothing but this page's own style, script and icon, and its own events.
static CONTENT_SECURITY_POLICY: LazyLock<String> = LazyLock::new(|| {
    let (style, script) = (web::style_source(), web::hash_source(SCRIPT));
    format!(
        "default-src 'none'; style-src {style}; script-src {script}; \
         img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    )
});

/// The header fields of the page, besides those of every response.
pub(super) fn security_headers() -> [(&'static str, &'static str); 3] {
    [
        ("content-security-policy", &CONTENT_SECURITY_POLICY),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
    ]
}

pub(super) fn document(status: &ProxyStatus) -> String {
    let body = html! {
        p #connection role="status" {}
        noscript { p { "Without JavaScript, reload this page to see the present state." } }
        main { (content(status)) }
        script { (PreEscaped(SCRIPT)) }
    };
    web::document(&title(status), None, &body)
}

/// The content of the page's `main`.
pub(super) fn content(status: &ProxyStatus) -> Markup {
    html! {
        (headline::headline(status))
        (clock_chart(status).section())
        (tokens::tokens_section(status))
        (activity::activity_section(status))
    }
}

fn clock_chart(status: &ProxyStatus) -> ClockChart {
    let offset_of = |clock: &Option<OffsetEstimate>| {
        clock.as_ref().and_then(|clock| clock.offset_at(&status.at))
    };
    ClockChart {
        at: status.at.wall,
        issuer: offset_of(&status.issuer_clock),
        api: offset_of(&status.api_clock),
        skew: status.skew,
        effective_skew: status.effective_skew,
    }
}

fn title(status: &ProxyStatus) -> String {
    format!("{} · gc-token", headline::Health::of(status).title())
}

#[cfg(test)]
mod tests;
