//! Looks settings up: flags override the Terraform query, this the environment, and this
//! the profile.

mod checks;
mod typed;
mod wording;

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::origin::{Origin, Sourced};
use super::overrides::overridden_region;
use super::profile::Profile;
use super::query::Query;
use super::setting::Setting;
use super::table;
use super::unknown;
use crate::context::{Context, Environment};
use crate::error::{Error, Result};
use crate::text;
use typed::parse_bool;
/// The flags that were given: name without dashes, and value. A switch has the value
/// `true`.
pub type Flags = Vec<(&'static str, String)>;

/// The sources of the settings, in their order of precedence.
pub struct Layers {
    flags: Flags,
    query: Query,
    /// A secret that the caller has passed; it overrides every other source.
    pub(super) secret: Option<SecretString>,
    pub(super) env: Environment,
    /// Replaces `~` in a path.
    home: Option<PathBuf>,
    pub(super) profile: Option<Profile>,
    reads_profile: bool,
    passed_over: Vec<Error>,
    ignored: Vec<String>,
}

impl Layers {
    /// Without the profile, which the other sources name.
    pub fn new(flags: Flags, query: Query, env: &Environment) -> Layers {
        Layers {
            flags,
            query,
            secret: None,
            env: env.clone(),
            home: None,
            profile: None,
            reads_profile: true,
            passed_over: Vec::new(),
            ignored: Vec::new(),
        }
    }

    pub fn with_secret(self, secret: Option<SecretString>) -> Layers {
        Layers { secret, ..self }
    }

    /// For settings that are to become a profile.
    pub fn without_profile(self) -> Layers {
        Layers { reads_profile: false, ..self }
    }

    /// # Errors
    /// If a value is not text, if a profile that was named does not exist or cannot be
    /// read, if a profile is invalid, or if every user could change where secrets are sent.
    pub fn load_profile(&mut self, context: &Context) -> Result<()> {
        self.home = context.directories.home.clone();
        self.ignored = unknown::unknown_variables(&self.env);
        self.check_text()?;
        if !self.reads_profile {
            return Ok(());
        }
        let named = self.find(&table::PROFILE);
        let (passed_over, ignored) = (&mut self.passed_over, &mut self.ignored);
        self.profile = Profile::load(named.as_ref(), passed_over, ignored, context)?;
        self.check_profile_text()?;
        for error in &self.passed_over {
            context.reporter.info(format_args!("passed over: {}", error.one_line()));
        }
        self.overrides().into_iter().for_each(|line| context.reporter.warn(line));
        self.check_tamper_risk(context)
    }

    /// Loads the profile for a report, whatever is wrong with it. Returns the reason if there is
    /// none to load.
    pub fn load_unchecked_profile(&mut self, context: &Context) -> Option<Error> {
        self.home = context.directories.home.clone();
        self.ignored = unknown::unknown_variables(&self.env);
        let named = self.find(&table::PROFILE);
        match Profile::load_unchecked(named.as_ref(), context) {
            Ok(profile) => {
                self.profile = profile;
                None
            }
            Err(error) => Some(error),
        }
    }

    /// Returns the flags and the variables alone.
    pub(super) fn before_profile(&self) -> Layers {
        let mut layers = Layers::new(self.flags.clone(), self.query.clone(), &self.env);
        layers.home.clone_from(&self.home);
        layers
    }

    pub(super) fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    pub(super) fn set_home(&mut self, home: Option<&Path>) {
        self.home = home.map(Path::to_owned);
    }

    /// Returns the profile's name, as messages show it, and its file.
    pub fn profile_place(&self) -> Option<(String, &Path)> {
        self.profile.as_ref().map(|profile| (profile.shown_name(), profile.file()))
    }

    /// Returns an error for each key of the profile that is not a setting.
    pub fn profile_key_faults(&self) -> Vec<Error> {
        let faults = self.profile.iter().flat_map(Profile::key_faults);
        faults.map(|(_, error)| error).collect()
    }

    /// Like [`Layers::load_profile`], and warns of variables and keys without effect.
    pub fn load_profile_and_warn(&mut self, context: &Context) -> Result<()> {
        let loaded = self.load_profile(context);
        self.ignored.iter().for_each(|line| context.reporter.warn(line));
        loaded
    }

    /// Returns the reasons why default files of profiles were not used: they cannot be
    /// read, or the vendor's is invalid.
    pub fn passed_over(&self) -> &[Error] {
        &self.passed_over
    }

    /// Returns a sentence for each setting that overrides one that the user probably
    /// expects to apply.
    pub fn overrides(&self) -> Vec<String> {
        let mut overrides = self.overridden_profile();
        if let Some(region) = self.find(&table::REGION) {
            let login_url = self.login_override().map(|(_, given)| given);
            overrides.extend(overridden_region(&region, login_url, self.find(&table::API_URL)));
        }
        overrides
    }

    /// Returns a line for each variable and key that looks like a setting and has no
    /// effect. Empty until the profile is loaded.
    pub fn ignored(&self) -> &[String] {
        &self.ignored
    }

    /// Returns the value with the highest precedence; `~` of a path is expanded.
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

    /// Returns the value as it was written, after [`text::trim`]. Only a flag can be
    /// empty, which [`Layers::check_text`] refuses.
    fn written(&self, setting: &'static Setting) -> Option<Sourced> {
        self.written_before_profile(setting).or_else(|| self.profile.as_ref()?.find(setting))
    }

    fn written_before_profile(&self, setting: &'static Setting) -> Option<Sourced> {
        self.in_flags(setting)
            .or_else(|| self.query.get(setting))
            .or_else(|| self.in_environment(setting))
    }

    pub fn text(&self, setting: &'static Setting) -> Option<String> {
        self.find(setting).map(|given| given.value)
    }

    pub(super) fn variable(&self, name: &'static str) -> Option<Sourced> {
        variable(name, &self.env)
    }

    pub(crate) fn in_flags(&self, setting: &'static Setting) -> Option<Sourced> {
        let (_, value) = self.flags.iter().find(|(name, _)| *name == setting.flag)?;
        Some(Sourced { value: text::trim(value).to_owned(), origin: Origin::Flag(setting.flag) })
    }

    fn in_environment(&self, setting: &'static Setting) -> Option<Sourced> {
        setting.variables.iter().find_map(|name| self.variable(name))
    }

    /// Returns the URL that overrides the region's login host.
    pub(super) fn login_override(&self) -> Option<(&'static Setting, Sourced)> {
        let settings = [&table::TOKEN_URL, &table::LOGIN_URL];
        settings.into_iter().find_map(|setting| Some((setting, self.find(setting)?)))
    }
}

/// Reads a switch from its variables alone, before there are other sources. False if none of
/// them is set.
pub(crate) fn bool_from_environment(setting: &Setting, env: &Environment) -> Result<bool> {
    let given = setting.variables.iter().find_map(|name| variable(name, env));
    given.map_or(Ok(false), |given| parse_bool(&given))
}

fn variable(name: &'static str, env: &Environment) -> Option<Sourced> {
    let value = env.text(name)?;
    Some(Sourced { value, origin: Origin::Variable(name) })
}
