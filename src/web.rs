//! What pages for people share: the style, the icon, and the frame of a document.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::random::sha256;

pub(crate) const STYLE: &str = include_str!("web/style.css");
const ICON: &str = include_str!("web/icon.svg");

/// A source of a content security policy: the style of every page.
pub(crate) fn style_source() -> String {
    hash_source(STYLE)
}

pub(crate) fn hash_source(text: &str) -> String {
    format!("'sha256-{}'", BASE64_STANDARD.encode(sha256(text.as_bytes())))
}

/// `policy` is for a page that comes without headers: a file.
pub(crate) fn document(title: &str, policy: Option<&str>, body: &Markup) -> String {
    let icon = format!("data:image/svg+xml,{}", utf8_percent_encode(ICON, NON_ALPHANUMERIC));
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                @if let Some(policy) = policy {
                    meta http-equiv="Content-Security-Policy" content=(policy);
                    meta name="referrer" content="no-referrer";
                }
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                link rel="icon" href=(icon);
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    };
    page.into_string()
}
