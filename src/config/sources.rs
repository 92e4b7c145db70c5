//! Flags > Terraform query > environment > profile.

use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use secrecy::SecretString;

use super::attribution;
use super::origin::{Origin, Sourced};
use super::profile::Profile;
use super::query::Query;
use super::table::{self, Setting};
use super::unknown;
use crate::context::{Context, Environment};
use crate::duration;
use crate::error::{Error, Kind, Result};
use crate::text;

/// The flags that were given: name without dashes, and value. A switch that
/// was given has the value `true`.
pub type Flags = Vec<(&'static str, String)>;

/// All sources, in their order.
pub struct Layers {
    flags: Flags,
    query: Query,
    /// A secret that was handed in, not looked up.
    pub(super) secret: Option<SecretString>,
    env: Environment,
    /// The home directory, for `~` in a path.
    home: Option<PathBuf>,
    pub(super) profile: Option<Profile>,
    /// Files of profiles that nobody named and that are of no use, and why.
    passed_over: Vec<Error>,
    /// Variables and keys without effect, a line for each.
    ignored: Vec<String>,
}

impl Layers {
    /// The sources without the profile, which the others name.
    pub fn new(flags: Flags, query: Query, env: &Environment) -> Layers {
        Layers {
            flags,
            query,
            secret: None,
            env: env.clone(),
            home: None,
            profile: None,
            passed_over: Vec::new(),
            ignored: Vec::new(),
        }
    }

    /// Hands in the client secret itself: it goes before every other source.
    pub fn with_secret(self, secret: Option<SecretString>) -> Layers {
        Layers { secret, ..self }
    }

    /// Reads the profile.
    ///
    /// # Errors
    /// When a value is no text, when a profile that was asked for does not exist or
    /// cannot be read, when there is a mistake in one, or when everybody could change
    /// where secrets are sent.
    pub fn load_profile(&mut self, context: &Context) -> Result<()> {
        self.home = context.directories.home.clone();
        self.ignored = unknown::variables(&self.env);
        self.check_text()?;
        let named = self.find(&table::PROFILE);
        let (passed_over, ignored) = (&mut self.passed_over, &mut self.ignored);
        self.profile = Profile::load(named.as_ref(), passed_over, ignored, context)?;
        self.check_text()?;
        for error in &self.passed_over {
            context.reporter.info(format_args!("passed over: {}", error.one_line()));
        }
        self.overrides().into_iter().for_each(|line| context.reporter.warn(line));
        self.check_tamper_risk(context)
    }

    /// Loads the profile as [`Layers::load_profile`] does, and warns of what has no effect.
    ///
    /// # Errors
    /// As [`Layers::load_profile`].
    pub fn load_profile_and_warn(&mut self, context: &Context) -> Result<()> {
        let loaded = self.load_profile(context);
        self.ignored.iter().for_each(|line| context.reporter.warn(line));
        loaded
    }

    /// Files of profiles that nobody named and that are of no use, and why.
    pub fn passed_over(&self) -> &[Error] {
        &self.passed_over
    }

    /// Settings that take the place of others that somebody expects to count,
    /// each in a sentence.
    pub fn overrides(&self) -> Vec<String> {
        let mut overrides = self.overridden_profile();
        overrides.extend(attribution::overridden_region(self));
        overrides
    }

    /// Variables, and keys of a file of profiles, that look like settings and have
    /// no effect, a line for each. Known once the profile is loaded.
    pub fn ignored(&self) -> &[String] {
        &self.ignored
    }

    /// The first source's value of this setting.
    pub fn find(&self, setting: &'static Setting) -> Option<Sourced> {
        let Sourced { mut value, origin } = self.written(setting)?;
        if setting.is_path()
            && value.starts_with('~')
            && let Ok(path) = text::path(&value, self.home.as_deref())
            && let Some(path) = path.to_str()
        {
            value = path.to_owned();
        }
        Some(Sourced { value, origin })
    }

    /// The first source's value as it was written, but for what [`text::trim`] takes
    /// off. Only a flag can have an empty one, which [`Layers::check_text`] refuses.
    fn written(&self, setting: &'static Setting) -> Option<Sourced> {
        self.in_flags(setting)
            .or_else(|| self.query.get(setting))
            .or_else(|| self.in_environment(setting))
            .or_else(|| self.profile.as_ref()?.find(setting))
    }

    /// Refuses values that are no text or empty, and paths that nothing has expanded.
    ///
    /// # Errors
    /// Names the setting, and does not show the value.
    pub(super) fn check_text(&self) -> Result<()> {
        for setting in table::ALL {
            let Some(Sourced { value, origin }) = self.written(setting) else {
                continue;
            };
            let bytes = match origin {
                Origin::Variable(name) => {
                    self.env.os(name).unwrap_or_default().into_encoded_bytes()
                }
                _ => value.into_bytes(),
            };
            check(setting, &bytes, &origin, self.home.as_deref())?;
        }
        Ok(())
    }

    /// The setting's value, for a message or an output that needs no checks.
    pub fn text(&self, setting: &'static Setting) -> Option<String> {
        self.find(setting).map(|given| given.value)
    }

    /// A setting that is a duration.
    pub fn duration(&self, setting: &'static Setting) -> Result<Option<SignedDuration>> {
        let Some(given) = self.find(setting) else {
            return Ok(None);
        };
        let parsed = duration::parse(&given.value);
        parsed.map(Some).map_err(|why| given.refused(&why.to_string()))
    }

    /// A setting that is on or off; off when nobody says anything.
    pub fn bool(&self, setting: &'static Setting) -> Result<bool> {
        self.bool_or(setting, false)
    }

    /// A setting that is on or off; `default` when nobody says anything.
    pub fn bool_or(&self, setting: &'static Setting, default: bool) -> Result<bool> {
        let Some(given) = self.find(setting) else {
            return Ok(default);
        };
        match given.value.to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Ok(true),
            "0" | "false" | "no" | "off" => Ok(false),
            _ => Err(given.refused("is neither true nor false").with_hint("write true or false")),
        }
    }

    /// How much is said: 0 warnings, 1 decisions, 2 each step.
    pub fn verbosity(&self) -> Result<u8> {
        let Some(given) = self.find(&table::VERBOSE) else {
            return Ok(0);
        };
        given.value.parse().map_err(|_| given.refused("is not a number from 0 to 2"))
    }

    /// A variable of the environment that is no setting.
    pub(super) fn variable(&self, name: &'static str) -> Option<Sourced> {
        let value = self.env.text(name)?;
        Some(Sourced { value, origin: Origin::Variable(name) })
    }

    /// Returns what to do about a missing setting, which is best set as `variable`: to
    /// rename a variable with `word` in its name if there is one, otherwise `hint`.
    pub(super) fn missing_hint(&self, word: &str, variable: &str, hint: &str) -> String {
        unknown::misnamed(&self.env, word, variable).unwrap_or_else(|| hint.to_owned())
    }

    /// Where a missing setting was looked for.
    pub fn sources(&self, setting: &Setting) -> String {
        let places = self.query.places(setting);
        let variables = setting.variables.join(", ");
        format!("looked at {places}, {variables} and {}", self.profile_text())
    }

    /// Where a missing client secret was looked for.
    pub(super) fn secret_sources(&self, variables: &[&str]) -> String {
        let before = match self.query.is_of_attributes() {
            true => "the attribute client_secret",
            false => "--client-secret-file",
        };
        let variables = variables.join(", ");
        format!("looked at {before}, {variables} and {}", self.profile_text())
    }

    fn profile_text(&self) -> String {
        let found = self.profile.as_ref();
        let found = found.map_or_else(|| "no profile".to_owned(), ToString::to_string);
        match &self.passed_over[..] {
            [] => found,
            errors => {
                let errors: Vec<_> = errors.iter().map(Error::one_line).collect();
                format!("{found} ({})", errors.join("; "))
            }
        }
    }

    fn in_flags(&self, setting: &'static Setting) -> Option<Sourced> {
        let (_, value) = self.flags.iter().find(|(name, _)| *name == setting.flag)?;
        Some(Sourced { value: text::trim(value).to_owned(), origin: Origin::Flag(setting.flag) })
    }

    fn in_environment(&self, setting: &'static Setting) -> Option<Sourced> {
        setting.variables.iter().find_map(|name| self.variable(name))
    }

    /// Tells where the environment overrides a profile that somebody named and so expects
    /// to count.
    fn overridden_profile(&self) -> Vec<String> {
        let Some(profile) = self.profile.as_ref().filter(|profile| profile.was_named) else {
            return Vec::new();
        };
        let line = |setting| {
            let over = self.in_environment(setting).zip(profile.find(setting));
            let (environment, profile) = over.filter(|(one, two)| one.value != two.value)?;
            Some(format!("{} overrides {}", environment.origin, profile.origin))
        };
        [&table::REGION, &table::CLIENT_ID].into_iter().filter_map(line).collect()
    }

    /// Another user who can write the profile could have the secret sent elsewhere.
    /// Where every user can, that is refused; one user alone may be the owner of a
    /// volume that a container shares.
    fn check_tamper_risk(&self, context: &Context) -> Result<()> {
        let Some(profile) = &self.profile else {
            return Ok(());
        };
        let Some(risk) = profile.tamper_risk() else {
            return Ok(());
        };
        let decides = |setting| self.find(setting).filter(|given| given.origin.is_profile());
        let sends = DESTINATIONS.into_iter().find_map(decides);
        if let Some(given) = sends.as_ref().filter(|_| risk.is_from_every_user()) {
            let what = format!("{} is not trusted, as everybody could change it", given.origin);
            return Err(Error::new(Kind::Configuration, what)
                .with_cause(risk.to_string())
                .with_hint(risk.remedy(profile.file())));
        }
        if sends.is_some() || risk.is_from_every_user() {
            context.reporter.warn(risk.warning(profile, profile.file()));
        }
        Ok(())
    }
}

/// The settings that decide where the client secret and the token are sent, and whose
/// certificates are trusted there.
const DESTINATIONS: [&Setting; 5] = [
    &table::LOGIN_URL,
    &table::TOKEN_URL,
    &table::API_URL,
    &table::CA_FILE,
    &table::CLIENT_SECRET_FILE,
];

/// Refuses a value that is no text or empty, or a path that nothing has expanded.
fn check(setting: &Setting, value: &[u8], origin: &Origin, home: Option<&Path>) -> Result<()> {
    let text = text::clean(value).map_err(|bad| origin.refused(&format!("the value {bad}")))?;
    if text.is_empty() {
        return Err(origin.refused("the value is empty"));
    }
    if setting.is_path() {
        text::path(text, home).map_err(|bad| origin.refused(&format!("the path {bad}")))?;
    }
    Ok(())
}
