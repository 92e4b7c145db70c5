//! The settings, and where each came from.

use url::{Position, Url};

use super::{Finding, Topic};
use crate::settings::{Layers, SecretSource, Setting, names};
use crate::world::Environment;

/// Each setting that was given, and the defaults that matter.
pub(super) fn findings(layers: &Layers, env: &Environment) -> Vec<Finding> {
    let mut findings: Vec<_> = SHOWN
        .iter()
        .filter_map(|(setting, default)| line(layers, setting, *default))
        .map(|line| Finding::ok(Topic::Settings, line))
        .collect();
    if let Some(place) = SecretSource::place(layers, env) {
        let line = format!("client secret: not shown, from {place}");
        // After the client's id.
        findings.insert(findings.len().min(1), Finding::ok(Topic::Settings, line));
    }
    findings
}

/// What is told, in this order, and what counts when nobody says anything.
const SHOWN: &[(&Setting, Option<&str>)] = &[
    (&names::CLIENT_ID, None),
    (&names::CLIENT_AUTH, None),
    (&names::PROFILE, None),
    (&names::REGION, None),
    (&names::LOGIN_URL, None),
    (&names::API_URL, None),
    (&names::TOKEN_URL, None),
    (&names::SCOPE, None),
    (&names::AUDIENCE, None),
    (&names::SKEW, Some("5s")),
    (&names::MIN_TTL, Some("10m, at most half of what a new token offers")),
    (&names::VERIFY, Some("auto")),
    (&names::TIMEOUT, Some("30s")),
    (&names::CA_FILE, None),
    (&names::CACHE_DIR, None),
    (&names::LOCK_TIMEOUT, None),
    (&names::NO_CACHE, None),
    (&names::FORCE_REFRESH, None),
];

fn line(layers: &Layers, setting: &'static Setting, default: Option<&str>) -> Option<String> {
    let name = setting.flag;
    match (layers.find(setting), default) {
        (Some(given), _) => Some(format!("{name}: {}, from {}", shown(&given.value), given.origin)),
        (None, Some(default)) => Some(format!("{name}: {default}, by default")),
        (None, None) => None,
    }
}

/// The value, unless a password may be in it: people paste URLs with
/// credentials, and a setting that is refused for it is shown here, too.
fn shown(value: &str) -> String {
    const HIDDEN: &str = "(not shown: there may be a password in it)";
    if !value.contains("://") && !value.contains('@') {
        return value.to_owned();
    }
    match Url::parse(value) {
        Ok(url)
            if url.username().is_empty() && url.password().is_none() && !value.contains('@') =>
        {
            let before = &url[..Position::AfterPath];
            match url.query() {
                Some(_) => format!("{before}?..."),
                None => before.to_owned(),
            }
        }
        _ => HIDDEN.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_hold_a_password_is_not_shown() {
        for (value, is) in [
            ("eu-west-1", "eu-west-1"),
            ("https://login.example/x", "https://login.example/x"),
            ("https://login.example/x?key=hunter2", "https://login.example/x?..."),
            ("https://login.example/#hunter2", "https://login.example/"),
        ] {
            assert_eq!(shown(value), is);
        }
        for value in [
            "https://id:hunter2@login.example",
            "id:hunter2@login.example",
            "https://id:hun/ter2@login.example",
            "https://hunter 2",
        ] {
            assert!(!shown(value).contains("hun"), "{value}");
        }
    }
}
