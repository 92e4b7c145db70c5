//! Flags > Terraform query > environment > profile.

use jiff::SignedDuration;
use secrecy::SecretString;

use super::attribution;
use super::names::{self, Setting};
use super::origin::{Given, Origin};
use super::profile::Profile;
use super::query::Query;
use crate::duration;
use crate::error::Result;
use crate::world::{Environment, World};

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
    pub(super) profile: Option<Profile>,
}

impl Layers {
    /// The sources without the profile, which the others name.
    pub fn new(flags: Flags, query: Query, env: &Environment) -> Layers {
        Layers { flags, query, secret: None, env: env.clone(), profile: None }
    }

    /// Hands in the client secret itself: it goes before every other source.
    pub fn with_secret(self, secret: Option<SecretString>) -> Layers {
        Layers { secret, ..self }
    }

    /// Reads the profile.
    ///
    /// # Errors
    /// When a profile that was asked for does not exist, or a file of profiles
    /// cannot be read.
    pub fn load_profile(&mut self, world: &World) -> Result<()> {
        self.profile = Profile::load(self.find(&names::PROFILE), world)?;
        self.overrides().into_iter().for_each(|line| world.talk.warn(line));
        Ok(())
    }

    /// Settings that take the place of others that somebody expects to count,
    /// each in a sentence.
    pub fn overrides(&self) -> Vec<String> {
        let mut overrides = self.overridden_profile();
        overrides.extend(attribution::overridden_region(self));
        overrides
    }

    /// The first source's value of this setting.
    pub fn find(&self, setting: &'static Setting) -> Option<Given> {
        self.in_flags(setting)
            .or_else(|| self.query.get(setting))
            .or_else(|| self.in_environment(setting))
            .or_else(|| self.profile.as_ref()?.find(setting))
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
    pub fn switch(&self, setting: &'static Setting) -> Result<bool> {
        self.switch_or(setting, false)
    }

    /// A setting that is on or off; `default` when nobody says anything.
    pub fn switch_or(&self, setting: &'static Setting, default: bool) -> Result<bool> {
        let Some(given) = self.find(setting) else {
            return Ok(default);
        };
        match given.value.to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Ok(true),
            "0" | "false" | "no" | "off" => Ok(false),
            _ => Err(given.refused("is neither true nor false")),
        }
    }

    /// How much is said: 0 warnings, 1 decisions, 2 each step.
    pub fn verbosity(&self) -> Result<u8> {
        let Some(given) = self.find(&names::VERBOSE) else {
            return Ok(0);
        };
        given.value.parse().map_err(|_| given.refused("is not a number from 0 to 2"))
    }

    /// A variable of the environment that is no setting.
    pub(super) fn variable(&self, name: &'static str) -> Option<Given> {
        let value = self.env.text(name)?;
        Some(Given { value, origin: Origin::Variable(name) })
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
        match &self.profile {
            Some(profile) => profile.to_string(),
            None => "no profile".into(),
        }
    }

    fn in_flags(&self, setting: &'static Setting) -> Option<Given> {
        let (_, value) = self.flags.iter().find(|(name, _)| *name == setting.flag)?;
        Some(Given { value: value.clone(), origin: Origin::Flag(setting.flag) })
    }

    fn in_environment(&self, setting: &'static Setting) -> Option<Given> {
        setting.variables.iter().find_map(|name| self.variable(name))
    }

    /// Who names a profile expects it to count, and the environment goes before
    /// it.
    fn overridden_profile(&self) -> Vec<String> {
        let Some(profile) = self.profile.as_ref().filter(|profile| profile.was_named) else {
            return Vec::new();
        };
        let line = |setting| {
            let over = self.in_environment(setting).zip(profile.find(setting));
            let (environment, profile) = over.filter(|(one, two)| one.value != two.value)?;
            Some(format!("{} goes before {}", environment.origin, profile.origin))
        };
        [&names::REGION, &names::CLIENT_ID].into_iter().filter_map(line).collect()
    }
}
