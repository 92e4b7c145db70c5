//! The error that settings are missing, which names all of them at once.

use super::{Layers, Setting, table, unknown};
use crate::error::{Error, Kind};

/// A setting without which no token can be minted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RequiredSetting {
    /// Or a URL of the issuer.
    Region,
    ClientId,
    ClientSecret,
}

use RequiredSetting::{ClientId, ClientSecret, Region};

impl RequiredSetting {
    pub(super) fn is_missing(self, layers: &Layers) -> bool {
        let is_unset = |settings: &[&'static Setting]| {
            settings.iter().all(|setting| layers.find(setting).is_none())
        };
        match self {
            Region => is_unset(&[&table::REGION, &table::LOGIN_URL, &table::TOKEN_URL]),
            ClientId => is_unset(&[&table::CLIENT_ID]),
            ClientSecret => {
                let profile = layers.profile.as_ref();
                layers.secret.is_none()
                    && is_unset(&[&table::CLIENT_SECRET_FILE])
                    && table::SECRET_VARIABLES.iter().all(|name| layers.env.os(name).is_none())
                    && profile.is_none_or(|profile| {
                        profile.secret().is_none()
                            && matches!(profile.command(table::CLIENT_SECRET_COMMAND), Ok(None))
                    })
            }
        }
    }

    fn message(self) -> &'static str {
        match self {
            Region => "there is no region",
            ClientId => "there is no client id",
            ClientSecret => "there is no client secret",
        }
    }

    /// The attribute of the Terraform provider.
    fn attribute(self) -> &'static str {
        match self {
            Region => table::REGION.key,
            ClientId => table::CLIENT_ID.key,
            ClientSecret => table::CLIENT_SECRET,
        }
    }

    fn variables(self) -> &'static [&'static str] {
        match self {
            Region => table::REGION.variables,
            ClientId => table::CLIENT_ID.variables,
            ClientSecret => &table::SECRET_VARIABLES,
        }
    }

    /// The variable that the vendor's programs read, too.
    fn common_variable(self) -> &'static str {
        self.variables().last().expect("each has one")
    }

    /// Part of the names that people give to the variable by mistake.
    fn misnamed_part(self) -> &'static str {
        match self {
            Region => "REGION",
            ClientId => "CLIENTID",
            ClientSecret => "CLIENTSECRET",
        }
    }

    fn place(self, layers: &Layers) -> String {
        match self {
            Region => layers.flag_or_attribute(&table::REGION),
            ClientId => layers.flag_or_attribute(&table::CLIENT_ID),
            ClientSecret => layers.secret_flag_or_attribute().to_owned(),
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Region => "set GENESYSCLOUD_REGION (e.g. eu-west-1), or --token-url for another issuer",
            ClientId => "set GENESYSCLOUD_OAUTHCLIENT_ID, or client_id in a profile",
            ClientSecret => {
                "set GENESYSCLOUD_OAUTHCLIENT_SECRET, or client_secret_command in a profile"
            }
        }
    }
}

/// Returns the error of `found`, which is missing, and of the others that are.
pub(super) fn missing_settings(found: RequiredSetting, layers: &Layers) -> Error {
    let is_missing = |setting: &RequiredSetting| *setting == found || setting.is_missing(layers);
    let missing: Vec<_> = [Region, ClientId, ClientSecret].into_iter().filter(is_missing).collect();
    error_of(&missing, layers)
}

/// Returns the error of this setting alone, for a caller that needs no other.
pub(super) fn missing_setting(setting: RequiredSetting, layers: &Layers) -> Error {
    error_of(&[setting], layers)
}

fn error_of(missing: &[RequiredSetting], layers: &Layers) -> Error {
    let messages = missing.iter().map(|setting| setting.message());
    let parts: Vec<_> = messages
        .enumerate()
        .map(|(index, text)| if index == 0 { text } else { text.trim_start_matches("there is ") })
        .map(str::to_owned)
        .collect();
    let cause = match missing {
        [setting] => layers.looked_at(setting.place(layers), setting.variables()),
        _ => layers.looked_at(layers.kinds_of_places().to_owned(), &["the environment"]),
    };
    Error::new(Kind::Configuration, listed(&parts))
        .with_cause(cause)
        .with_hint(hint(missing, layers))
        .with_attribute(missing[0].attribute())
}

fn hint(missing: &[RequiredSetting], layers: &Layers) -> String {
    let misnamed = |setting: &RequiredSetting| {
        unknown::misnamed_variable(&layers.env, setting.misnamed_part(), setting.common_variable())
    };
    let mut hints: Vec<String> = missing.iter().filter_map(misnamed).collect();
    let unset: Vec<_> =
        missing.iter().filter(|setting| misnamed(setting).is_none()).copied().collect();
    match &unset[..] {
        [] => {}
        [setting] if hints.is_empty() => hints.push(setting.hint().to_owned()),
        unset => {
            let variables: Vec<_> = unset
                .iter()
                .map(|setting| match setting {
                    Region => format!("{} (e.g. eu-west-1)", setting.common_variable()),
                    ClientId | ClientSecret => setting.common_variable().to_owned(),
                })
                .collect();
            let set = format!("set {}", listed(&variables));
            let is_new_user = unset.len() == 3;
            hints.push(if is_new_user { format!("run 'gc-token init', or {set}") } else { set });
        }
    }
    hints.join("; ")
}

fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Query;
    use crate::context::Environment;

    fn error(found: RequiredSetting, env: &[(&str, &str)]) -> Error {
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).into()));
        missing_settings(
            found,
            &Layers::new(Vec::new(), Query::default(), &Environment::fixed(env)),
        )
    }

    #[test]
    fn all_missing_settings_are_named_at_once() {
        let error = error(Region, &[]);
        assert_eq!(error.message, "there is no region, no client id and no client secret");
        assert_eq!(
            error.hint.as_deref(),
            Some(
                "run 'gc-token init', or set GENESYSCLOUD_REGION (e.g. eu-west-1), \
                 GENESYSCLOUD_OAUTHCLIENT_ID and GENESYSCLOUD_OAUTHCLIENT_SECRET"
            )
        );
        assert_eq!(error.attribute.as_deref(), Some("region"));
    }

    #[test]
    fn a_setting_that_is_there_is_not_named() {
        let secret = ("GC_TOKEN_CLIENT_SECRET", "x");
        let one = error(ClientId, &[("GENESYSCLOUD_REGION", "x"), secret]);
        assert_eq!(one.message, "there is no client id");
        let two = error(ClientId, &[("GENESYSCLOUD_REGION", "x")]);
        assert_eq!(two.message, "there is no client id and no client secret");
        let by_url = error(ClientId, &[("GC_TOKEN_TOKEN_URL", "x"), secret]);
        assert_eq!(by_url.message, "there is no client id");
    }

    #[test]
    fn a_variable_with_a_wrong_name_is_named_beside_those_that_are_missing() {
        let error = error(Region, &[("GENESYS_CLIENT_ID", "x")]);
        assert_eq!(
            error.hint.as_deref(),
            Some(
                "GENESYS_CLIENT_ID is not read: name it GENESYSCLOUD_OAUTHCLIENT_ID; set \
                 GENESYSCLOUD_REGION (e.g. eu-west-1) and GENESYSCLOUD_OAUTHCLIENT_SECRET"
            )
        );
    }
}
