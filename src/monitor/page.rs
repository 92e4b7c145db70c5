//! The page for people: the state of a run at a glance, in HTML and SVG. Holds nothing secret.

mod activity;
mod axis;
mod clocks;
mod headline;
mod tokens;
mod wording;

use std::sync::LazyLock;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::proxy::ProxyStatus;
use crate::random::sha256;

const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/script.js");
const ICON: &str = include_str!("page/icon.svg");

/// Nothing but this page's own style, script and icon, and its own events.
static CONTENT_SECURITY_POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |text: &str| BASE64_STANDARD.encode(sha256(text.as_bytes()));
    let (style, script) = (hash(STYLE), hash(SCRIPT));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; \
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
    let icon = format!("data:image/svg+xml,{}", utf8_percent_encode(ICON, NON_ALPHANUMERIC));
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title(status)) }
                link rel="icon" href=(icon);
                style { (PreEscaped(STYLE)) }
            }
            body {
                p #connection role="status" {}
                noscript { p { "Without JavaScript, reload this page to see the present state." } }
                main { (content(status)) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// The content of the page's `main`.
pub(super) fn content(status: &ProxyStatus) -> Markup {
    html! {
        (headline::headline(status))
        (clocks::clocks_section(status))
        (tokens::tokens_section(status))
        (activity::activity_section(status))
    }
}

fn title(status: &ProxyStatus) -> String {
    format!("{} · gc-token", headline::Health::of(status).title())
}

#[cfg(test)]
mod tests;
