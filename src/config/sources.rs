//! Looks settings up: flags override the Terraform query, this the environment, and this
//! the profile.

use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use secrecy::SecretString;

use super::origin::{Origin, Sourced};
use super::overrides::overridden_region;
use super::profile::Profile;
use super::query::Query;
use super::setting::{Setting, ValueType};
use super::table;
use super::unknown;
use crate::context::{Context, Environment};
use crate::duration;
use crate::error::{Error, Kind, Result};
use crate::text;

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

    /// Refuses values that are not text or empty, and paths that nothing has expanded.
    ///
    /// # Errors
    /// Name the setting, and do not show the value.
    pub(super) fn check_text(&self) -> Result<()> {
        table::ALL.iter().try_for_each(|setting| self.check_text_of(setting))
    }

    pub(super) fn check_text_of(&self, setting: &'static Setting) -> Result<()> {
        match self.written(setting) {
            Some(given) => self.check_given_text(setting, given),
            None => Ok(()),
        }
    }

    fn check_profile_text(&self) -> Result<()> {
        let Some(profile) = &self.profile else {
            return Ok(());
        };
        table::ALL.iter().try_for_each(|setting| match profile.find(setting) {
            Some(given) if self.written_before_profile(setting).is_none() => {
                self.check_given_text(setting, given)
            }
            _ => Ok(()),
        })
    }

    fn check_given_text(&self, setting: &Setting, given: Sourced) -> Result<()> {
        let Sourced { value, origin } = given;
        let bytes = match origin {
            Origin::Variable(name) => self.env.os(name).unwrap_or_default().into_encoded_bytes(),
            _ => value.into_bytes(),
        };
        check_bytes(setting, &bytes, &origin, self.home.as_deref())
    }

    pub fn text(&self, setting: &'static Setting) -> Option<String> {
        self.find(setting).map(|given| given.value)
    }

    pub fn duration(&self, setting: &'static Setting) -> Result<Option<SignedDuration>> {
        let Some(given) = self.find(setting) else {
            return Ok(None);
        };
        let parsed = duration::parse(&given.value);
        parsed.map(Some).map_err(|why| given.refused(&why.to_string()))
    }

    /// # Panics
    /// For a setting whose default is not a duration.
    pub fn duration_or_default(&self, setting: &'static Setting) -> Result<SignedDuration> {
        Ok(self.duration(setting)?.unwrap_or_else(|| setting.default_duration()))
    }

    /// Returns the value of a setting that is one of a list: `values` are those of the
    /// setting's row, in its order.
    pub fn choice<T: Copy>(
        &self,
        setting: &'static Setting,
        values: &[(&str, T)],
    ) -> Result<Option<T>> {
        debug_assert!(
            matches!(setting.value, ValueType::Choice(names)
                if names.iter().eq(values.iter().map(|(name, _)| name))),
            "the row of --{} has other values",
            setting.flag
        );
        let find = |name: &str| values.iter().find(|(known, _)| *known == name);
        match self.find(setting) {
            Some(given) => match find(&given.value) {
                Some((_, value)) => Ok(Some(*value)),
                None => {
                    let known: Vec<_> = values.iter().map(|(name, _)| *name).collect();
                    let hint = format!("one of {}", known.join(", "));
                    Err(given.refused("is unknown").with_hint(hint))
                }
            },
            None => Ok(setting.default_text().and_then(find).map(|(_, value)| *value)),
        }
    }

    /// # Panics
    /// For a setting without a default.
    pub fn choice_or_default<T: Copy>(
        &self,
        setting: &'static Setting,
        values: &[(&str, T)],
    ) -> Result<T> {
        Ok(self.choice(setting, values)?.expect("the default is one of the values"))
    }

    /// Returns false if the setting is not given.
    pub fn bool(&self, setting: &'static Setting) -> Result<bool> {
        self.bool_or(setting, false)
    }

    pub fn bool_or(&self, setting: &'static Setting, default: bool) -> Result<bool> {
        let Some(given) = self.find(setting) else {
            return Ok(default);
        };
        parse_bool(&given)
    }

    /// Returns the level of messages: 0 warnings, 1 decisions, 2 each step.
    pub fn verbosity(&self) -> Result<u8> {
        let Some(given) = self.find(&table::VERBOSE) else {
            return Ok(0);
        };
        given.value.parse().map_err(|_| given.refused("is not a number from 0 to 2"))
    }

    pub(super) fn variable(&self, name: &'static str) -> Option<Sourced> {
        variable(name, &self.env)
    }

    pub(super) fn flag_or_attribute(&self, setting: &Setting) -> String {
        self.query.places(setting)
    }

    pub(super) fn secret_flag_or_attribute(&self) -> &'static str {
        if self.query.is_of_attributes() {
            "the attribute client_secret"
        } else {
            "--client-secret-file"
        }
    }

    /// Names the place of a secret that the caller has passed.
    pub(super) fn passed_secret(&self) -> &'static str {
        if self.query.is_of_attributes() {
            "the attribute client_secret"
        } else {
            "the answers to init"
        }
    }

    pub(super) fn kinds_of_places(&self) -> &'static str {
        self.query.kinds_of_places()
    }

    pub(super) fn looked_at(&self, places: String, variables: &[&str]) -> String {
        let mut sources = vec![places];
        sources.extend(variables.iter().map(|name| (*name).to_owned()));
        sources.extend(self.profile.as_ref().map(ToString::to_string));
        let last = sources.pop().unwrap_or_default();
        let mut text = match &sources[..] {
            [] => format!("looked at {last}"),
            before => format!("looked at {} and {last}", before.join(", ")),
        };
        if self.profile.is_none() {
            text += "; found no profile";
        }
        if !self.passed_over.is_empty() {
            let errors: Vec<_> = self.passed_over.iter().map(Error::one_line).collect();
            text += &format!(" ({})", errors.join("; "));
        }
        text
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

    /// Reports variables that override a profile which somebody selected, and so expects to
    /// apply.
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

    /// A user who can write the profile could have the secret sent elsewhere. That is
    /// refused if every user can; a single one may own a volume that a container shares.
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
            let message =
                format!("{} is not trusted, because every user could change it", given.origin);
            return Err(Error::new(Kind::Configuration, message)
                .with_cause(risk.to_string())
                .with_hint(risk.remedy(profile.file())));
        }
        if sends.is_some() || risk.is_from_every_user() {
            context.reporter.warn(risk.warning(profile, profile.file()));
        }
        Ok(())
    }
}

/// The settings that decide where the client secret and the token are sent, and which
/// certificates are trusted there.
const DESTINATIONS: [&Setting; 7] = [
    &table::LOGIN_URL,
    &table::TOKEN_URL,
    &table::API_URL,
    &table::CA_FILE,
    &table::CLIENT_SECRET_FILE,
    &table::STORE,
    &table::STORE_PASSWORD_FILE,
];

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

fn parse_bool(given: &Sourced) -> Result<bool> {
    match given.value.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" => Ok(false),
        _ => Err(given.refused("is neither true nor false").with_hint("write true or false")),
    }
}

fn check_bytes(
    setting: &Setting,
    value: &[u8],
    origin: &Origin,
    home: Option<&Path>,
) -> Result<()> {
    let text = text::clean(value).map_err(|bad| origin.refused(&format!("the value {bad}")))?;
    if text.is_empty() {
        return Err(origin.refused("the value is empty"));
    }
    if setting.is_path() {
        text::path(text, home).map_err(|bad| origin.refused(&format!("the path {bad}")))?;
    }
    Ok(())
}
