//! The settings and the origin of each.

use super::{Finding, FindingLevel, Topic};
use crate::config::{Layers, SecretSource, Setting, table};
use crate::context::Environment;

/// Lists the settings that are set, and the defaults that matter.
pub(super) fn findings(layers: &Layers, env: &Environment) -> Vec<Finding> {
    let mut findings: Vec<_> = SHOWN
        .iter()
        .filter_map(|(setting, default)| setting_line(layers, setting, *default))
        .map(|line| Finding::ok(Topic::Settings, line))
        .collect();
    if let Some(origin) = SecretSource::describe(layers, env) {
        let line = format!("client secret: not shown, from {origin}");
        // After the client's id.
        findings.insert(findings.len().min(1), Finding::ok(Topic::Settings, line));
    }
    let overrides = layers.overrides().into_iter();
    findings.extend(overrides.map(|line| Finding::warning(Topic::Settings, line)));
    let passed_over = layers.passed_over().iter();
    findings.extend(passed_over.map(|error| Finding {
        level: FindingLevel::Note,
        ..Finding::as_warning(Topic::Settings, error)
    }));
    findings
}

/// The settings in the report's order, with the defaults to show.
const SHOWN: &[(&Setting, Option<&str>)] = &[
    (&table::CLIENT_ID, None),
    (&table::CLIENT_AUTH, None),
    (&table::PROFILE, None),
    (&table::REGION, None),
    (&table::LOGIN_URL, None),
    (&table::API_URL, None),
    (&table::TOKEN_URL, None),
    (&table::SCOPE, None),
    (&table::AUDIENCE, None),
    (&table::SKEW, Some("5s")),
    (&table::MIN_TTL, Some("10m, at most half of what a new token offers")),
    (&table::IDLE_TIMEOUT, Some("none")),
    (&table::VERIFY, Some("auto")),
    (&table::TIMEOUT, Some("30s")),
    (&table::CA_FILE, None),
    (&table::CACHE_DIR, None),
    (&table::LOCK_TIMEOUT, None),
    (&table::NO_CACHE, None),
    (&table::FORCE_REFRESH, None),
];

fn setting_line(
    layers: &Layers,
    setting: &'static Setting,
    default: Option<&str>,
) -> Option<String> {
    let name = setting.flag;
    match (layers.find(setting), default) {
        (Some(given), _) => Some(format!("{name}: {}, from {}", given.shown(), given.origin)),
        (None, Some(default)) => Some(format!("{name}: {default}, by default")),
        (None, None) => None,
    }
}
