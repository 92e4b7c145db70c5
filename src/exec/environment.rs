//! The environment of the command: the token goes in, the client secret out.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;

use super::template::{Facts, Placeholder, Template};
use crate::config::{Issuer, SECRET_VARIABLES};
use crate::context::Environment;
use crate::error::{Error, Kind, Result};
use crate::output::{HandOut, Name};

/// What the user wants in the command's environment.
#[derive(Debug)]
pub struct Wishes {
    set: Vec<(Name, Template)>,
    keep_secret: bool,
}

/// How the command's environment differs from ours. `Debug` shows the names
/// alone.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// What is set. Of two values for one name, the later counts.
    pub set: Vec<(OsString, OsString)>,
    /// What is taken away, unless it is set, too.
    pub remove: Vec<OsString>,
}

impl Wishes {
    /// Reads the values of `--set`, each `NAME=TEMPLATE`. Unless `keep_secret`,
    /// the client secret's variables are taken away.
    ///
    /// # Errors
    /// `Usage`, for a name or a template that means nothing.
    pub fn new(set: &[String], keep_secret: bool) -> Result<Wishes> {
        let set = set.iter().map(|text| wish(text)).collect::<Result<_>>()?;
        Ok(Wishes { set, keep_secret })
    }

    /// The changes as far as they are known before there is a token, which is
    /// the empty text in them: so that nothing is minted for a mistake.
    ///
    /// # Errors
    /// `Usage` for a template that asks for what is not known.
    pub fn draft(&self, issuer: &Issuer) -> Result<Changes> {
        self.with(&Facts { token: "", expires_at: "", issuer }, &[])
    }

    /// The changes for this token. `served` are the variables that point the
    /// command at what is served to it; the user's own wishes go before them.
    ///
    /// # Errors
    /// As [`Wishes::draft`].
    pub fn changes(
        &self,
        hand_out: &HandOut<'_>,
        served: &[(OsString, OsString)],
    ) -> Result<Changes> {
        let token = hand_out.token;
        let expires_at = token.validity.expires_at().to_string();
        let facts = Facts {
            token: token.access_token.expose(),
            expires_at: &expires_at,
            issuer: hand_out.issuer,
        };
        self.with(&facts, served)
    }

    fn with(&self, facts: &Facts<'_>, served: &[(OsString, OsString)]) -> Result<Changes> {
        let mut set = vec![(OsString::from(TOKEN), OsString::from(facts.token))];
        set.extend(facts.issuer.region.map(|region| (REGION.into(), region.aws.into())));
        set.extend_from_slice(served);
        for (name, template) in &self.set {
            let value = template.fill(facts).map_err(|unknown| unfilled(name, unknown))?;
            set.push((name.as_str().into(), value.into()));
        }
        let remove = match self.keep_secret {
            true => Vec::new(),
            false => SECRET_VARIABLES.map(OsString::from).into(),
        };
        Ok(Changes { set, remove })
    }
}

/// What the Terraform provider reads the token from.
const TOKEN: &str = "GENESYSCLOUD_ACCESS_TOKEN";

/// What the Terraform provider reads the region from, as an AWS name.
const REGION: &str = "GENESYSCLOUD_REGION";

/// A shorter secret may occur in other values by chance.
const SHORTEST_SECRET: usize = 8;

impl Changes {
    /// The command's whole environment, ours being `env`.
    pub fn apply(&self, env: &Environment) -> BTreeMap<OsString, OsString> {
        let mut all = env.all();
        all.retain(|name, _| !self.remove.contains(name));
        all.extend(self.set.iter().cloned());
        all
    }

    /// The variable's value for the command, ours being `env`. One that is
    /// empty is there, as it is for a shell.
    pub fn value(&self, name: &str, env: &Environment) -> Option<OsString> {
        self.apply(env).remove(OsStr::new(name))
    }

    /// The variables, inherited from `env`, in which the command still finds
    /// `secret`, by itself or as a part of the value.
    pub fn still_holding(&self, secret: &str, env: &Environment) -> Vec<String> {
        if secret.len() < SHORTEST_SECRET {
            return Vec::new();
        }
        let is_set = |name: &OsString| self.set.iter().any(|(it, _)| it == name);
        let holds = |value: &OsString| {
            let mut windows = value.as_encoded_bytes().windows(secret.len());
            windows.any(|window| window == secret.as_bytes())
        };
        let inherited = self.apply(env).into_iter();
        let holding = inherited.filter(|(name, value)| !is_set(name) && holds(value));
        holding.map(|(name, _)| name.to_string_lossy().into_owned()).collect()
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set: Vec<_> = self.set.iter().map(|(name, _)| name).collect();
        f.debug_struct("Changes").field("set", &set).field("remove", &self.remove).finish()
    }
}

/// The template may hold what is nobody else's business: messages name the
/// variable alone.
fn wish(text: &str) -> Result<(Name, Template)> {
    let (name, template) = text.split_once('=').ok_or_else(|| {
        // Not shown: somebody may have left the name out.
        refused("--set: a value has no '='".to_owned()).with_hint("write it as NAME=TEMPLATE")
    })?;
    let name: Name = name.parse().map_err(|why| refused(format!("--set: {why}")))?;
    let template = Template::parse(template).map_err(|why| {
        let known = Placeholder::list();
        refused(format!("--set: the template of {name} {why}"))
            .with_hint(format!("known are {known}; {{{{ and }}}} stand for braces"))
    })?;
    Ok((name, template))
}

fn unfilled(name: &Name, unknown: Placeholder) -> Error {
    let asked = unknown.name();
    let hint = match unknown {
        Placeholder::ApiUrl => "set --region or --api-url",
        Placeholder::LoginUrl => "set --region or --login-url",
        _ => "set --region",
    };
    refused(format!("--set: the template of {name} asks for {{{asked}}}, which is not known"))
        .with_hint(hint)
}

fn refused(what: String) -> Error {
    Error::new(Kind::Usage, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::tests::{ireland, stranger, token};

    fn changes(set: &[&str], keep_secret: bool, issuer: &Issuer) -> Result<Changes> {
        let set: Vec<_> = set.iter().map(|text| text.to_string()).collect();
        let served = [("A".into(), "served".into()), ("B".into(), "served".into())];
        let token = token("t0ken");
        Wishes::new(&set, keep_secret)?.changes(&HandOut { token: &token, issuer }, &served)
    }

    fn applied(changes: &Changes) -> Vec<String> {
        let env = Environment::from([
            ("GENESYSCLOUD_OAUTHCLIENT_SECRET", "s3cret"),
            ("GC_TOKEN_CLIENT_SECRET", "s3cret"),
            ("GENESYSCLOUD_REGION", "mypurecloud.ie"),
            ("GC_TOKEN_VERBOSE", "1"),
            ("EMPTY", ""),
        ]);
        let pair =
            |(name, value): (OsString, OsString)| format!("{}={}", name.display(), value.display());
        changes.apply(&env).into_iter().map(pair).collect()
    }

    #[test]
    fn the_token_goes_in_and_the_secret_out() {
        assert_eq!(
            applied(&changes(&[], false, &ireland()).unwrap()),
            [
                "A=served",
                "B=served",
                "EMPTY=",
                "GC_TOKEN_VERBOSE=1",
                "GENESYSCLOUD_ACCESS_TOKEN=t0ken",
                "GENESYSCLOUD_REGION=eu-west-1",
            ]
        );
        let kept = applied(&changes(&[], true, &ireland()).unwrap());
        assert_eq!(kept.iter().filter(|it| it.ends_with("=s3cret")).count(), 2);
    }

    #[test]
    fn a_secret_under_another_name_is_noticed() {
        let env = Environment::from([
            ("GENESYSCLOUD_OAUTHCLIENT_SECRET", "the-s3cret"),
            ("TF_VAR_secret", "the-s3cret"),
            ("BASIC", "id:the-s3cret"),
            ("A", "the-s3cret"),
            ("OTHER", "s3cret"),
        ]);
        let changes = changes(&[], false, &ireland()).unwrap();
        assert_eq!(changes.still_holding("the-s3cret", &env), ["BASIC", "TF_VAR_secret"]);
        assert!(changes.still_holding("s3cret", &env).is_empty(), "it is too short to tell");
    }

    #[test]
    fn a_region_that_is_not_known_is_left_alone() {
        let applied = applied(&changes(&[], false, &stranger()).unwrap());
        assert!(applied.contains(&"GENESYSCLOUD_REGION=mypurecloud.ie".into()));
    }

    #[test]
    fn a_wish_goes_before_everything_else() {
        let wishes = [
            "A=first",
            "A=wished",
            "GENESYSCLOUD_ACCESS_TOKEN=",
            "GENESYSCLOUD_REGION={domain}",
            "GC_TOKEN_CLIENT_SECRET=none=of {token}",
        ];
        let applied = applied(&changes(&wishes, false, &ireland()).unwrap());
        for pair in [
            "A=wished",
            "B=served",
            "GENESYSCLOUD_ACCESS_TOKEN=",
            "GENESYSCLOUD_REGION=mypurecloud.ie",
            "GC_TOKEN_CLIENT_SECRET=none=of t0ken",
        ] {
            assert!(applied.contains(&pair.into()), "{pair}: {applied:?}");
        }
    }

    #[test]
    fn a_mistake_is_found_before_there_is_a_token() {
        let draft = |set: &str, issuer: &Issuer| Wishes::new(&[set.into()], false)?.draft(issuer);
        assert!(draft("A={region}{token}{expires_at}", &ireland()).is_ok());
        let error = draft("A={region}", &stranger()).unwrap_err();
        assert_eq!(error.kind, Kind::Usage);
        assert_eq!(error.message, "--set: the template of A asks for {region}, which is not known");
    }

    #[test]
    fn a_message_does_not_repeat_the_template() {
        for text in ["A=s3cret {tokn}", "A=s3cret {", "A=s3cret {region}"] {
            let error = changes(&[text], false, &stranger()).unwrap_err();
            assert!(error.message.starts_with("--set: the template of A "), "{error}");
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn debug_shows_names_alone() {
        let changes = changes(&["A=s3cret {token}"], false, &ireland()).unwrap();
        let shown = format!("{changes:?}");
        assert!(shown.contains("GENESYSCLOUD_ACCESS_TOKEN"), "{shown}");
        assert!(!shown.contains("t0ken") && !shown.contains("s3cret"), "{shown}");
    }
}
