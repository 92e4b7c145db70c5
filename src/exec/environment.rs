//! The environment of the command: the token is added, the client secret removed.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;

use super::template::{Placeholder, Template, TemplateContext};
use crate::config::Issuer;
use crate::config::table::{SECRET_VARIABLES, STORE_PASSWORD_VARIABLE};
use crate::context::Environment;
use crate::error::{Error, Kind, Result};
use crate::output::{Name, TokenDetails};
use crate::platform::is_same_variable;

#[derive(Debug)]
pub(crate) struct EnvOverrides {
    set: Vec<(Name, Template)>,
    keep_secret: bool,
}

/// The difference between the command's environment and that of this process. `Debug` shows
/// only the names.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct EnvDiff {
    /// The last of several values for one name counts.
    set: Vec<(OsString, OsString)>,
    /// A variable that is also in `set` is not removed.
    remove: Vec<OsString>,
}

impl EnvOverrides {
    /// Parses the values of `--set`, each `NAME=TEMPLATE`. Unless `keep_secret`, the
    /// variables of the client secret are removed.
    ///
    /// # Errors
    /// `Usage`, for an invalid name or template.
    pub(crate) fn new(set: &[String], keep_secret: bool) -> Result<EnvOverrides> {
        let set = set.iter().map(|pair| parse_override(pair)).collect::<Result<_>>()?;
        Ok(EnvOverrides { set, keep_secret })
    }

    /// Returns the difference with an empty token, so that a mistake is found before a token
    /// is minted.
    ///
    /// # Errors
    /// `Usage`, for a template with a placeholder whose value is not known.
    pub(crate) fn validate(&self, issuer: &Issuer) -> Result<EnvDiff> {
        self.fill_in(&TemplateContext { token: "", expires_at: "", issuer }, &[])
    }

    /// Returns the difference for this token. `proxy` are the variables that point the
    /// command at its proxy, which the user's own ones override.
    ///
    /// # Errors
    /// As [`EnvOverrides::validate`].
    pub(crate) fn env_diff(
        &self,
        details: &TokenDetails<'_>,
        proxy: &[(OsString, OsString)],
    ) -> Result<EnvDiff> {
        let token = details.token;
        let expires_at = token.validity.expires_at().to_string();
        let context = TemplateContext {
            token: token.access_token.expose(),
            expires_at: &expires_at,
            issuer: details.issuer,
        };
        self.fill_in(&context, proxy)
    }

    fn fill_in(
        &self,
        context: &TemplateContext<'_>,
        proxy: &[(OsString, OsString)],
    ) -> Result<EnvDiff> {
        let mut set = vec![(OsString::from(TOKEN_VARIABLE), OsString::from(context.token))];
        let region = context.issuer.region;
        set.extend(region.map(|region| (REGION_VARIABLE.into(), region.aws.into())));
        set.extend_from_slice(proxy);
        for (name, template) in &self.set {
            let value = template.fill(context).map_err(|unknown| unknown_value(name, unknown))?;
            set.push((name.as_str().into(), value.into()));
        }
        let remove = if self.keep_secret {
            Vec::new()
        } else {
            secret_variables().map(OsString::from).collect()
        };
        Ok(EnvDiff { set, remove })
    }
}

// Variables of the Terraform provider, which takes the region by its AWS name.
const TOKEN_VARIABLE: &str = "GENESYSCLOUD_ACCESS_TOKEN";
const REGION_VARIABLE: &str = "GENESYSCLOUD_REGION";

fn secret_variables() -> impl Iterator<Item = &'static str> {
    SECRET_VARIABLES.into_iter().chain([STORE_PASSWORD_VARIABLE])
}

/// A shorter secret may occur in other values by chance.
const MIN_SECRET_LEN: usize = 8;

impl EnvDiff {
    /// Returns the command's whole environment, with `env` as that of this process.
    pub(crate) fn apply(&self, env: &Environment) -> BTreeMap<OsString, OsString> {
        let mut all = env.all();
        all.retain(|name, _| {
            let is_removed = self.remove.iter().any(|removed| is_same_variable(removed, name));
            !is_removed && !self.sets(name)
        });
        all.extend(self.set.iter().cloned());
        all
    }

    pub(crate) fn value(&self, name: &str, env: &Environment) -> Option<OsString> {
        self.apply(env).remove(OsStr::new(name))
    }

    pub(crate) fn inherited_with(&self, secret: &str, env: &Environment) -> Vec<String> {
        if secret.len() < MIN_SECRET_LEN {
            return Vec::new();
        }
        let contains_secret = |value: &OsString| {
            let mut windows = value.as_encoded_bytes().windows(secret.len());
            windows.any(|window| window == secret.as_bytes())
        };
        let inherited = self.apply(env).into_iter().filter(|(name, _)| !self.sets(name));
        let holding = inherited.filter(|(_, value)| contains_secret(value));
        holding.map(|(name, _)| name.to_string_lossy().into_owned()).collect()
    }

    fn sets(&self, name: &OsStr) -> bool {
        self.set.iter().any(|(set, _)| is_same_variable(set, name))
    }
}

impl fmt::Debug for EnvDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set: Vec<_> = self.set.iter().map(|(name, _)| name).collect();
        f.debug_struct("EnvDiff").field("set", &set).field("remove", &self.remove).finish()
    }
}

/// The messages show only the name, as the template may hold a secret.
fn parse_override(pair: &str) -> Result<(Name, Template)> {
    let (name, template) = pair.split_once('=').ok_or_else(|| {
        // Not shown: the name may have been forgotten.
        usage_error("--set: a value has no '='".to_owned()).with_hint("write it as NAME=TEMPLATE")
    })?;
    let name: Name = name.parse().map_err(|why| usage_error(format!("--set: {why}")))?;
    let template = Template::parse(template).map_err(|why| {
        let known = Placeholder::list();
        usage_error(format!("--set: the template of {name} {why}"))
            .with_hint(format!("known are {known}; {{{{ and }}}} stand for braces"))
    })?;
    Ok((name, template))
}

fn unknown_value(name: &Name, placeholder: Placeholder) -> Error {
    let placeholder_name = placeholder.name();
    let hint = match placeholder {
        Placeholder::ApiUrl => "set --region or --api-url",
        Placeholder::LoginUrl => "set --region or --login-url",
        _ => "set --region",
    };
    usage_error(format!(
        "--set: the template of {name} uses {{{placeholder_name}}}, which is not known"
    ))
    .with_hint(hint)
}

fn usage_error(what: String) -> Error {
    Error::new(Kind::Usage, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::tests::{ireland, stranger, token};

    fn env_diff(set: &[&str], keep_secret: bool, issuer: &Issuer) -> Result<EnvDiff> {
        let set: Vec<_> = set.iter().map(|text| text.to_string()).collect();
        let served = [("A".into(), "served".into()), ("B".into(), "served".into())];
        let token = token("t0ken");
        EnvOverrides::new(&set, keep_secret)?
            .env_diff(&TokenDetails { token: &token, issuer }, &served)
    }

    fn applied(diff: &EnvDiff) -> Vec<String> {
        let env = Environment::from([
            ("GENESYSCLOUD_OAUTHCLIENT_SECRET", "s3cret"),
            ("GC_TOKEN_CLIENT_SECRET", "s3cret"),
            ("GENESYSCLOUD_REGION", "mypurecloud.ie"),
            ("GC_TOKEN_VERBOSE", "1"),
            ("EMPTY", ""),
        ]);
        let pair =
            |(name, value): (OsString, OsString)| format!("{}={}", name.display(), value.display());
        diff.apply(&env).into_iter().map(pair).collect()
    }

    #[test]
    fn the_token_is_added_and_the_secret_removed() {
        assert_eq!(
            applied(&env_diff(&[], false, &ireland()).unwrap()),
            [
                "A=served",
                "B=served",
                "EMPTY=",
                "GC_TOKEN_VERBOSE=1",
                "GENESYSCLOUD_ACCESS_TOKEN=t0ken",
                "GENESYSCLOUD_REGION=eu-west-1",
            ]
        );
        let kept = applied(&env_diff(&[], true, &ireland()).unwrap());
        assert_eq!(kept.iter().filter(|pair| pair.ends_with("=s3cret")).count(), 2);
    }

    #[test]
    fn a_secret_under_another_name_is_found() {
        let env = Environment::from([
            ("GENESYSCLOUD_OAUTHCLIENT_SECRET", "the-s3cret"),
            ("TF_VAR_secret", "the-s3cret"),
            ("BASIC", "id:the-s3cret"),
            ("A", "the-s3cret"),
            ("OTHER", "s3cret"),
        ]);
        let diff = env_diff(&[], false, &ireland()).unwrap();
        assert_eq!(diff.inherited_with("the-s3cret", &env), ["BASIC", "TF_VAR_secret"]);
        assert!(diff.inherited_with("s3cret", &env).is_empty(), "it is too short to tell");
    }

    #[test]
    fn without_a_region_the_variable_is_left_alone() {
        let applied = applied(&env_diff(&[], false, &stranger()).unwrap());
        assert!(applied.contains(&"GENESYSCLOUD_REGION=mypurecloud.ie".into()));
    }

    #[test]
    fn an_override_has_the_last_word() {
        let overrides = [
            "A=first",
            "A=override",
            "GENESYSCLOUD_ACCESS_TOKEN=",
            "GENESYSCLOUD_REGION={domain}",
            "GC_TOKEN_CLIENT_SECRET=none=of {token}",
        ];
        let applied = applied(&env_diff(&overrides, false, &ireland()).unwrap());
        for pair in [
            "A=override",
            "B=served",
            "GENESYSCLOUD_ACCESS_TOKEN=",
            "GENESYSCLOUD_REGION=mypurecloud.ie",
            "GC_TOKEN_CLIENT_SECRET=none=of t0ken",
        ] {
            assert!(applied.contains(&pair.into()), "{pair}: {applied:?}");
        }
    }

    #[test]
    fn a_mistake_is_found_without_a_token() {
        let validate =
            |set: &str, issuer: &Issuer| EnvOverrides::new(&[set.into()], false)?.validate(issuer);
        assert!(validate("A={region}{token}{expires_at}", &ireland()).is_ok());
        let error = validate("A={region}", &stranger()).unwrap_err();
        assert_eq!(error.kind, Kind::Usage);
        assert_eq!(error.message, "--set: the template of A uses {region}, which is not known");
    }

    #[test]
    fn a_message_does_not_repeat_the_template() {
        for text in ["A=s3cret {tokn}", "A=s3cret {", "A=s3cret {region}"] {
            let error = env_diff(&[text], false, &stranger()).unwrap_err();
            assert!(error.message.starts_with("--set: the template of A "), "{error}");
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn debug_shows_only_names() {
        let diff = env_diff(&["A=s3cret {token}"], false, &ireland()).unwrap();
        let shown = format!("{diff:?}");
        assert!(shown.contains("GENESYSCLOUD_ACCESS_TOKEN"), "{shown}");
        assert!(!shown.contains("t0ken") && !shown.contains("s3cret"), "{shown}");
    }
}
