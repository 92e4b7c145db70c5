//! The settings and the origin of each.

use super::{Finding, FindingLevel, Topic};
use crate::config::{
    self, DefaultValue, FlagTopic, Layers, SecretSource, Setting, ValueType, table,
};
use crate::context::Environment;

pub(super) fn findings(layers: &Layers, env: &Environment) -> Vec<Finding> {
    let lines = table::ALL.iter().filter_map(|setting| {
        if **setting == table::CLIENT_SECRET_FILE {
            let location = SecretSource::describe(layers, env)?;
            return Some(format!("client secret: not shown, from {location}"));
        }
        setting_line(layers, setting)
    });
    let mut findings: Vec<_> = lines.map(|line| Finding::ok(Topic::Settings, line)).collect();
    // Those of a proxy do not matter to the token, but `exec --gateway` fails with a mistake.
    let mistake = config::resolve_pool(layers).err();
    let mistakes = mistake.into_iter().chain(config::resolve_metrics_listen(layers).err());
    findings.extend(mistakes.map(|error| Finding::as_warning(Topic::Settings, &error)));
    let overrides = layers.overrides().into_iter();
    findings.extend(overrides.map(|line| Finding::warning(Topic::Settings, line)));
    let passed_over = layers.passed_over().iter();
    findings.extend(passed_over.map(|error| Finding {
        level: FindingLevel::Note,
        ..Finding::as_warning(Topic::Settings, error)
    }));
    findings
}

fn setting_line(layers: &Layers, setting: &'static Setting) -> Option<String> {
    let is_about_token = setting.is_about_token();
    if !(is_about_token || setting.in_profile) || setting.value == ValueType::Count {
        return None;
    }
    let name = setting.flag;
    if let Some(given) = layers.find(setting) {
        let shown = config::shown_value(setting, &given);
        return Some(format!("{name}: {shown}, from {}", given.origin));
    }
    let is_unused = setting.topic == FlagTopic::Store && layers.find(&table::STORE).is_none();
    if !is_about_token || is_unused {
        return None;
    }
    // One that depends on something else is reported where it is known.
    let is_known = !matches!(setting.default, DefaultValue::Described(_));
    let default = setting.shown_default().filter(|_| is_known)?;
    Some(format!("{name}: {default}, by default"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Query;

    #[test]
    fn a_store_is_reported_as_it_can_be_given_again() {
        let env = Environment::from([("GC_TOKEN_STORE", "redis://ci@127.0.0.1:16379")]);
        let layers = Layers::new(Vec::new(), Query::default(), &env);
        let messages = findings(&layers, &env).into_iter().map(|found| found.message);
        let stores: Vec<_> = messages.filter(|message| message.starts_with("store:")).collect();
        assert_eq!(stores, ["store: redis://ci@127.0.0.1:16379/0, from GC_TOKEN_STORE"]);
    }

    #[test]
    fn the_defaults_are_reported() {
        let env = Environment::from([]);
        let layers = Layers::new(Vec::new(), Query::default(), &env);
        let lines: Vec<_> =
            findings(&layers, &env).into_iter().map(|found| found.message).collect();
        assert_eq!(
            lines,
            [
                "client-auth: basic, by default",
                "skew: 5s, by default",
                "min-ttl: 10m, at most half of what a new token offers, by default",
                "idle-timeout: none, by default",
                "verify: auto, by default",
                "timeout: 30s, by default",
                "lock-timeout: 35s, by default",
            ]
        );
    }
}
