//! Names the settings that a failure depends on, with their origins: a message about a
//! host should name the forgotten variable that selects it.

use url::Url;

use super::origin::Sourced;
use super::{Layers, SecretSource, Setting, table};
use crate::context::Environment;
use crate::error::{Error, Kind};
use crate::net;
use crate::sanitize;

/// Adds the settings that a failure to get a token depends on.
pub fn name_settings(error: Error, layers: &Layers, env: &Environment) -> Error {
    if error.settings.is_some() {
        return error;
    }
    let parts: Vec<String> = match error.kind {
        Kind::CredentialsRefused => [
            shown(layers, &table::CLIENT_ID),
            SecretSource::describe(layers, env).map(|place| format!("client secret from {place}")),
        ]
        .into_iter()
        .flatten()
        .chain(issuer_settings(layers))
        .collect(),
        Kind::Unavailable | Kind::RateLimited => {
            let api = layers.find(&table::API_URL).filter(|given| is_about_host_of(given, &error));
            let is_issuer = api.is_none()
                || layers
                    .login_override()
                    .is_some_and(|(_, given)| is_about_host_of(&given, &error));
            let issuer = if is_issuer { issuer_settings(layers) } else { Vec::new() };
            let api = api.map(|given| line(&table::API_URL, &given));
            issuer.into_iter().chain(api).chain(shown(layers, &table::TIMEOUT)).collect()
        }
        Kind::ApiRefused => {
            issuer_settings(layers).into_iter().chain(shown(layers, &table::API_URL)).collect()
        }
        Kind::Configuration => issuer_settings(layers)
            .into_iter()
            .chain(all_shown(layers, &[&table::SCOPE, &table::AUDIENCE]))
            .collect(),
        Kind::Lifetime => all_shown(layers, &[&table::MIN_TTL, &table::SKEW]),
        Kind::Cache => all_shown(layers, &[&table::CACHE_DIR, &table::LOCK_TIMEOUT]),
        Kind::Output
        | Kind::Usage
        | Kind::System
        | Kind::CommandUnusable
        | Kind::CommandNotFound => Vec::new(),
    };
    if parts.is_empty() {
        return error;
    }
    Error { settings: Some(parts.join(", ").into()), ..error }
}

fn is_about_host_of(given: &Sourced, error: &Error) -> bool {
    let texts = [Some(&error.message), error.cause.as_ref()];
    let host = Url::parse(&given.value).map(|url| net::display_host(&url));
    let names = |text: &str, host: &str| {
        text.split([' ', ',', ';']).any(|word| word.trim_end_matches(':') == host)
    };
    host.is_ok_and(|host| texts.into_iter().flatten().any(|text| names(text, &host)))
}

fn issuer_settings(layers: &Layers) -> Vec<String> {
    let url = layers.login_override();
    let region = shown(layers, &table::REGION);
    match (url, region) {
        (Some((setting, given)), Some(region)) => {
            vec![format!("{}, which overrides {region}", line(setting, &given))]
        }
        (Some((setting, given)), None) => vec![line(setting, &given)],
        (None, region) => region.into_iter().collect(),
    }
}

fn all_shown(layers: &Layers, settings: &[&'static Setting]) -> Vec<String> {
    settings.iter().filter_map(|setting| shown(layers, setting)).collect()
}

fn shown(layers: &Layers, setting: &'static Setting) -> Option<String> {
    layers.find(setting).map(|given| line(setting, &given))
}

fn line(setting: &Setting, given: &Sourced) -> String {
    format!("{} {} from {}", setting.flag, sanitize::line(&given.shown()), given.origin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Flags, Origin, Query};

    /// Returns the settings that are named for a failure of login.cloud.example.
    fn settings_of_issuer_failure(api_url: &str) -> String {
        let login_url = "https://login.cloud.example";
        let flags: Flags = [("login-url", login_url), ("api-url", api_url)]
            .map(|(name, value)| (name, value.to_owned()))
            .into_iter()
            .collect();
        let env = Environment::from([]);
        let layers = Layers::new(flags, Query::default(), &env);
        let error = Error::new(Kind::Unavailable, "no token from login.cloud.example")
            .with_cause("connecting to login.cloud.example: no route");
        name_settings(error, &layers, &env).settings.unwrap().to_string()
    }

    #[test]
    fn the_issuers_failure_names_the_issuers_setting() {
        let issuer = "login-url https://login.cloud.example from --login-url";
        for (api_url, expected) in [
            ("https://api.cloud.example", issuer.to_owned()),
            // A part of the issuer's name.
            ("https://cloud.example", issuer.to_owned()),
            (
                "https://login.cloud.example/api",
                format!("{issuer}, api-url https://login.cloud.example/api from --api-url"),
            ),
        ] {
            assert_eq!(settings_of_issuer_failure(api_url), expected);
        }
    }

    #[test]
    fn a_value_is_shown_in_one_line_with_its_quotes_as_they_are() {
        let given = Sourced {
            value: "'mine'\n\u{1b}[31m".to_owned(),
            origin: Origin::Variable("GENESYSCLOUD_OAUTHCLIENT_ID"),
        };
        let said = line(&table::CLIENT_ID, &given);
        assert!(said.starts_with("client-id 'mine'"), "{said}");
        assert!(!said.contains('\\') && !said.contains('\n') && !said.contains('\u{1b}'), "{said}");
    }
}
