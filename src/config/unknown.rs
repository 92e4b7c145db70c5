//! Finds variables and keys that look like settings, but that nothing reads.

use std::path::Path;

use toml::Table;

use super::table;
use crate::context::Environment;
use crate::text::shown;

const PREFIX: &str = "GC_TOKEN_";

/// Variables that are not settings: for clients of a gateway, for the sandbox, and for this
/// project's own tests.
const OTHER_VARIABLES: [&str; 3] =
    ["GC_TOKEN_GATEWAY_URL", "GC_TOKEN_SANDBOX_SECRET", "GC_TOKEN_WRITE_DOCS"];
const TESTS: &str = "GC_TOKEN_TEST_";

pub(super) fn unknown_variables(env: &Environment) -> Vec<String> {
    let known = || {
        let settings = table::ALL.iter().flat_map(|setting| setting.variables);
        let secrets = table::SECRET_VARIABLES.into_iter().chain([table::STORE_PASSWORD_VARIABLE]);
        settings.copied().chain(secrets).filter(|name| name.starts_with(PREFIX))
    };
    let mut unknown: Vec<_> = env
        .names(PREFIX)
        .into_iter()
        .filter_map(|name| name.into_string().ok())
        .filter(|name| !known().any(|known| known == name))
        .filter(|name| !OTHER_VARIABLES.contains(&name.as_str()) && !name.starts_with(TESTS))
        .collect();
    unknown.sort();
    let line = |name: &String| {
        let bare = name.get(PREFIX.len()..).unwrap_or_default().to_ascii_uppercase();
        let known = known().map(|known| &known[PREFIX.len()..]);
        let guess = match similar_name(&bare, known) {
            Some(near) => format!(": did you mean {PREFIX}{near}?"),
            None => String::new(),
        };
        format!("{} is not a setting, and has no effect{guess}", name_shown(name))
    };
    unknown.iter().map(line).collect()
}

/// Returns a hint at a variable that was probably meant for a missing setting: other
/// programs for Genesys Cloud use many names. `word` is a part of its name, in capitals and
/// without underscores.
pub(super) fn misnamed_variable(env: &Environment, word: &str, right: &str) -> Option<String> {
    let is_meant = |name: &String| {
        let letters = name.replace('_', "");
        letters.contains(word) && name != right && !name.starts_with("GENESYSCLOUD_GATEWAY_")
    };
    let mut found: Vec<_> = ["GENESYS", "PURECLOUD"]
        .into_iter()
        .flat_map(|prefix| env.names(prefix))
        .filter_map(|name| name.into_string().ok())
        .filter(is_meant)
        .collect();
    found.sort();
    let name = found.first()?;
    Some(format!("{} is not read: name it {right}", name_shown(name)))
}

pub(super) fn keys_outside_profiles(file: &Path, root: &Table) -> Vec<String> {
    let known = || {
        let settings = table::ALL.iter().filter(|setting| setting.in_profile);
        settings.map(|setting| setting.key).chain([table::CLIENT_SECRET]).chain(table::COMMANDS)
    };
    let file = file.display();
    let mut lines = Vec::new();
    for (key, value) in root {
        let name = name_shown(key);
        if value.is_table() {
            let is_near = strsim::damerau_levenshtein(&key.to_ascii_lowercase(), "default") <= 2;
            if is_near && key != "default" && !root.contains_key("default") {
                lines.push(format!(
                    "the profile [{name}] in {file} is read only if it is named: did you mean \
                     [default]?"
                ));
            }
            continue;
        }
        if key == "default" {
            // Loading that profile reports it.
            continue;
        }
        let guess = match similar_name(key, known()) {
            Some(near) if near == key => " Move it below [default].".to_owned(),
            Some(near) => format!(" Did you mean {near}, below [default]?"),
            None => String::new(),
        };
        lines.push(format!("{name} in {file} is outside every profile, and has no effect.{guess}"));
    }
    lines
}

/// Returns the name that was probably meant: one that differs in a few letters, or that
/// contains what was written.
pub(super) fn similar_name<'a>(
    written: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Option<&'a str> {
    let few = (written.len() / 3).min(3);
    let near = known
        .clone()
        .map(|name| (strsim::damerau_levenshtein(written, name), name))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= few);
    let holds = || {
        let holding = known.filter(|name| written.len() >= 4 && name.contains(written));
        holding.min_by_key(|name| name.len())
    };
    near.map(|(_, name)| name).or_else(holds)
}

/// Hides a name that is not a word, because it may be a secret.
pub(super) fn name_shown(name: &str) -> &str {
    let is_word = name.len() <= 60
        && name.chars().all(|char| char.is_ascii_alphanumeric() || "_-".contains(char));
    if is_word && !shown::looks_like_secret(name) { name } else { shown::HIDDEN }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_nothing_reads_is_named_with_the_nearest_setting() {
        let lines = |name: &str| unknown_variables(&[(name, "1")].into());
        for (name, near) in [
            ("GC_TOKEN_MIN_TLL", "GC_TOKEN_MIN_TTL"),
            ("GC_TOKEN_REGIONS", "GC_TOKEN_REGION"),
            ("GC_TOKEN_SECRET", "GC_TOKEN_CLIENT_SECRET"),
            ("GC_TOKEN_CLIENTID", "GC_TOKEN_CLIENT_ID"),
            ("GC_TOKEN_skew", "GC_TOKEN_SKEW"),
        ] {
            let said = format!("{name} is not a setting, and has no effect: did you mean {near}?");
            assert_eq!(lines(name), [said]);
        }
        assert_eq!(lines("GC_TOKEN_FOO"), ["GC_TOKEN_FOO is not a setting, and has no effect"]);
    }

    #[test]
    fn every_variable_of_ours_is_known() {
        let settings = table::ALL.iter().flat_map(|setting| setting.variables).copied();
        for name in settings
            .chain(table::SECRET_VARIABLES)
            .chain(OTHER_VARIABLES)
            .chain(["GC_TOKEN_TEST_X", "OTHER"])
        {
            assert_eq!(unknown_variables(&[(name, "1")].into()), [""; 0], "{name}");
        }
        assert_eq!(unknown_variables(&[("GC_TOKEN_FOO", "")].into()), [""; 0]);
    }

    #[test]
    fn a_key_outside_every_profile_is_named() {
        let lines = |text: &str| keys_outside_profiles(Path::new("f"), &text.parse().unwrap());
        let outside = "in f is outside every profile, and has no effect.";
        for (text, said) in [
            ("min_ttl = '5m'", format!("min_ttl {outside} Move it below [default].")),
            ("min_tll = '5m'", format!("min_tll {outside} Did you mean min_ttl, below [default]?")),
            (
                "secret = 'x'",
                format!("secret {outside} Did you mean client_secret, below [default]?"),
            ),
            ("title = 'x'", format!("title {outside}")),
            ("'a b' = 'x'", format!("{} {outside}", shown::HIDDEN)),
            (
                "[Default]",
                "the profile [Default] in f is read only if it is named: did you mean [default]?"
                    .to_owned(),
            ),
        ] {
            assert_eq!(lines(text), [said]);
        }
        for text in ["", "[default]", "[default]\nskew = 5\n[prod]\n[defaults]"] {
            assert_eq!(lines(text), [""; 0], "{text}");
        }
    }
}
